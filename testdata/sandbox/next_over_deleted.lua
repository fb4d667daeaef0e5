-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- next skips a hundred thousand deleted keys, in one call.
local t = {}
for i = 1, 60000 do t["k" .. i] = true end
for i = 1, 60000 do t["k" .. i] = nil end
while true do next(t) end
