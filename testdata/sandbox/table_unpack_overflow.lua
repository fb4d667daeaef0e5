-- want: 502 script_error or 507 memory_limit or 200
-- Bounds whose difference does not fit an integer.
return tostring(select("#", unpack({}, -2^63, 2^63)))
