-- want: 502 script_error
-- A module that does not exist, under a name that only the run knows.
require("no_such" .. "_module")
