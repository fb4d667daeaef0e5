-- want: 502 script_error
-- log: stack overflow
-- A __lt that compares again.
local mt = {}
mt.__lt = function(a, b) return not (a < b) end
local a, b = setmetatable({}, mt), setmetatable({}, mt)
return a < b
