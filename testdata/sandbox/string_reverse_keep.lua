-- want: 507 memory_limit
-- Reversed megabytes, kept.
local s, t = ("ab"):rep(2^20), {}
while true do t[#t + 1] = s:reverse() end
