-- want: 502 script_error
-- The globals of whoever called.
return type(getfenv(0))
