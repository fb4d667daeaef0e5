-- want: 507 memory_limit
-- Memory that only globals hold.
local n = 0
while true do n = n + 1; _G["g" .. n] = ("x"):rep(1000) .. n end
