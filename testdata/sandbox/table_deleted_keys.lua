-- want: 507 memory_limit or 507 instruction_limit
-- limits: timeout_ms=8000
-- Keys set and deleted: the map keeps their places.
local t = {}
local n = 0
while true do n = n + 1; t["key" .. n] = true; t["key" .. n] = nil end
