-- want: 502 script_error or 200
-- A library sorted.
table.sort(string, function() return true end)
return tostring(string.upper("a") == "A")
