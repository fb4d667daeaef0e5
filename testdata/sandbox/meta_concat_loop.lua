-- want: 502 script_error
-- log: stack overflow
-- A __concat that concatenates itself.
local t = setmetatable({}, {__concat = function(a, b) return a .. b end})
return t .. "x"
