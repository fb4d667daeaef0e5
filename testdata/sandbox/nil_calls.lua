-- want: 502 script_error
-- A method of nothing.
local t
return t.a.b.c()
