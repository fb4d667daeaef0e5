-- want: 502 script_error or 507 instruction_limit
-- A table whose metatable's __index is the table itself.
local t = {}
setmetatable(t, {__index = t})
return t.x
