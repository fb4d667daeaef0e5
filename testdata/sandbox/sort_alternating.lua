-- want: 502 script_error or 507 instruction_limit or 200
-- limits: timeout_ms=5000
-- A comparator that contradicts itself.
local t, flip = {}, false
for i = 1, 20000 do t[i] = i end
table.sort(t, function() flip = not flip; return flip end)
return "sorted"
