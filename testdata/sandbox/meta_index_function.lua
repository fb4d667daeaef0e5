-- want: 502 script_error
-- log: stack overflow
-- A function __index that reads the same missing key.
local t = setmetatable({}, {__index = function(t, k) return t[k] .. "" end})
return t.x
