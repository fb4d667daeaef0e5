-- want: 502 script_error
-- Globals through module.
module("x", package.seeall)
