-- want: 200 or 502 script_error
-- The encoder must not call metamethods that loop.
local spin = function() while true do end end
return json.encode(setmetatable({1, 2}, {__index = spin, __len = spin, __pairs = spin, __tostring = spin, __tojson = spin}))
