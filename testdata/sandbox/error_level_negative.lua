-- want: 502 script_error
-- A negative level.
error("x", -2^31)
