-- want: 507 memory_limit
-- limits: memory_bytes=1048576
-- A small limit holds as well as the default one.
local t = {}
while true do t[#t + 1] = {} end
