-- want: 502 script_error or 507 instruction_limit
-- Assignment that goes round in circles.
local a, b = {}, {}
setmetatable(a, {__newindex = b})
setmetatable(b, {__newindex = a})
a.x = 1
