-- want: 507 memory_limit
-- limits: memory_bytes=67108864 instructions=100000000 timeout_ms=20000
-- So does a large one.
local t = {}
while true do t[#t + 1] = {#t} end
