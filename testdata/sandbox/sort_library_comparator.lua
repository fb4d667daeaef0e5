-- want: 502 script_error or 507 instruction_limit or 200
-- limits: timeout_ms=5000
-- A comparator that is a library function executes no instruction.
local t = {}
for i = 1, 100000 do t[i] = i * 7919 % 100003 end
table.sort(t, rawequal)
return "sorted"
