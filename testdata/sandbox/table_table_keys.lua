-- want: 507 memory_limit
-- Tables as the keys.
local t = {}
while true do t[{}] = true end
