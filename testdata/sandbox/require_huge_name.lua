-- want: 502 script_error
-- A module name of a megabyte.
require(("x"):rep(2^20))
