-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- Encoding for ever.
local t = {}
for i = 1, 1000 do t[i] = i end
while true do json.encode(t) end
