-- want: 502 script_error or 200
-- limits: timeout_ms=3000
-- Insertions far outside the table.
local t = {}
pcall(table.insert, t, 2^53, 1)
pcall(table.insert, t, -2^53, 1)
pcall(table.insert, t, 2^31, 1)
pcall(table.remove, t, 2^53)
return "done"
