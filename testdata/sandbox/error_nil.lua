-- want: 502 script_error
-- An error without a value.
error(nil)
