-- want: 502 script_error
-- A module name that is a path.
local name = "../../../etc/passwd"
require(name)
