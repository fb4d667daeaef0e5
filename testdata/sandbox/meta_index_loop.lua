-- want: 502 script_error or 507 instruction_limit
-- A table that is its own __index chain.
local a, b = {}, {}
setmetatable(a, {__index = b})
setmetatable(b, {__index = a})
return a.x
