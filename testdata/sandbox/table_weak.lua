-- want: 507 memory_limit
-- A weak table keeps its items here, and must be counted.
local keep = setmetatable({}, {__mode = "kv"})
while true do keep[#keep + 1] = {1, 2, 3} end
