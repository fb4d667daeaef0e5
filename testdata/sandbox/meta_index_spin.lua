-- want: 507 instruction_limit
-- A field read that never returns.
local t = setmetatable({}, {__index = function() while true do end end})
return t.x
