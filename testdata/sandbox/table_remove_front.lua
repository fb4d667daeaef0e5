-- want: 507 instruction_limit or 504 timeout or 200
-- limits: timeout_ms=3000
-- Each removal moves all items.
local t = {}
for i = 1, 100000 do t[i] = i end
while #t > 0 do table.remove(t, 1) end
return "empty"
