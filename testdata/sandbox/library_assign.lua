-- want: 502 script_error
-- log: read-only
-- A library function replaced.
string.upper = function() return "poisoned" end
