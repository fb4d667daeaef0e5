-- want: 502 script_error
-- A module that requires itself.
return require("self_module")
