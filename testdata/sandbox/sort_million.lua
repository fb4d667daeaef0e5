-- want: 507 memory_limit or 507 instruction_limit
-- A table of a million numbers, sorted.
local t = {}
for i = 1, 1000000 do t[i] = 1000000 - i end
table.sort(t)
