-- want: 507 instruction_limit
-- Arithmetic that never ends.
local t = setmetatable({}, {__add = function() while true do end end})
return t + 1
