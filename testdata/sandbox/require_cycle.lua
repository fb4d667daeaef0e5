-- want: 502 script_error
-- Two modules that require each other.
return require("cycle_a")
