-- want: 502 script_error or 507 instruction_limit or 200
-- limits: timeout_ms=5000
-- A comparator that says yes to everything.
local t = {}
for i = 1, 20000 do t[i] = i % 7 end
table.sort(t, function() return true end)
return "sorted"
