-- want: 507 memory_limit
-- Empty tables by the million.
local keep = {}
while true do keep[#keep + 1] = {} end
