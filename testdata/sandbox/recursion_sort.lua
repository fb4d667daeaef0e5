-- want: 502 script_error
-- Recursion through the comparator of table.sort.
local function f() table.sort({3, 2, 1}, f); return true end
f()
