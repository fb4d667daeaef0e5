-- want: 507 instruction_limit
-- limits: timeout_ms=8000
-- Long strings with a common start make each comparison dear.
local base = ("x"):rep(100000)
local t = {}
for i = 1, 100 do t[i] = base .. i end
while true do table.sort(t); t[1], t[100] = t[100], t[1] end
