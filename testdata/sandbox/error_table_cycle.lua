-- want: 502 script_error
-- An error object that contains itself.
local e = {}
e.e = e
error(e)
