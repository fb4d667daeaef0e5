-- want: 200 or 502 invalid_response
-- The response's metamethods must not run outside the limits.
local spin = function() while true do end end
return setmetatable({1, 2}, {__index = spin, __len = spin, __pairs = spin, __tostring = spin, __call = spin})
