-- want: 502 script_error
-- A message of a megabyte must not fill the log.
error(("x"):rep(2^20))
