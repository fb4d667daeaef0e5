-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- The length of an emptied array is found step by step, in one instruction.
local t = {}
for i = 1, 200000 do t[i] = true end
for i = 200000, 1, -1 do t[i] = nil end
local n = 0
while true do n = n + #t end
