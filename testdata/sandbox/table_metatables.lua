-- want: 507 memory_limit
-- Memory that hangs on metatables only.
local t = {}
while true do t = setmetatable({}, {__index = function() return t end, t}) end
