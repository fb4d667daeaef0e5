-- want: 507 memory_limit
-- Many strings of a kilobyte.
local t = {}
while true do t[#t + 1] = ("x"):rep(1024) .. #t end
