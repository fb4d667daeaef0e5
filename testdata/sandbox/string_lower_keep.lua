-- want: 507 memory_limit
-- Megabytes turned to lower case and kept.
local s, t = ("X"):rep(2^21), {}
while true do t[#t + 1] = s:lower() end
