-- want: 502 script_error
-- log: stack overflow
-- A __tostring that asks for the string of its own table.
local t = setmetatable({}, {})
getmetatable(t).__tostring = function(x) return "<" .. tostring(x) .. ">" end
return tostring(t)
