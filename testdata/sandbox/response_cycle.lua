-- want: 502 invalid_response
-- A body that contains itself.
local t = {}
t.t = t
return t
