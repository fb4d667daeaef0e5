-- want: 200 or 502 script_error or 507 memory_limit or 507 instruction_limit
-- A comparator that changes the table under the sort.
local t = {5, 4, 3, 2, 1}
table.sort(t, function(a, b) t[#t + 1] = a; return a < b end)
return "sorted"
