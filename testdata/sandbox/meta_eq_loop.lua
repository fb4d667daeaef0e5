-- want: 502 script_error
-- log: stack overflow
-- An __eq that compares again.
local eq = function(a, b) return not (a == b) end
local a, b = setmetatable({}, {__eq = eq}), setmetatable({}, {__eq = eq})
getmetatable(a).__eq, getmetatable(b).__eq = eq, eq
return a == b
