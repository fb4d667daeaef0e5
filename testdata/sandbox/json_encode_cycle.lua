-- want: 502 script_error
-- A table that contains itself.
local t = {}
t.t = t
return json.encode(t)
