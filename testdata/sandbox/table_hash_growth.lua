-- want: 507 memory_limit
-- A map that grows for ever.
local t = {}
local n = 0
while true do n = n + 1; t["k" .. n] = true end
