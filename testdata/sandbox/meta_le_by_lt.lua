-- want: 502 script_error
-- log: stack overflow
-- Without __le Lua 5.1 asks __lt, which asks <= again.
local mt = {}
mt.__lt = function(a, b) return not (a <= b) end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
return a <= b
