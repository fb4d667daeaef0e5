-- want: 200 or 502 script_error or 507 instruction_limit
-- Data and messages with looping metamethods.
local spin = function() while true do end end
local t = setmetatable({}, {__tostring = spin, __index = spin, __pairs = spin})
pcall(log.info, t)
pcall(log.info, "m", t)
return "done"
