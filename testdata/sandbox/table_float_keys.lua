-- want: 507 memory_limit
-- Keys that are not whole numbers.
local t = {}
local n = 0
while true do n = n + 1; t[n + 0.5] = true end
