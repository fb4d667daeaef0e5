-- want: 502 script_error or 507 instruction_limit
-- A table whose __call is itself.
local t = {}
setmetatable(t, {__call = t})
t()
