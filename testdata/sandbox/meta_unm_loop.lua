-- want: 502 script_error
-- log: stack overflow
-- A unary minus that negates itself.
local t = setmetatable({}, {__unm = function(a) return -(-a) end})
return -t
