-- want: 507 memory_limit
-- Keys of a hundred kilobytes.
local t = {}
local n = 0
while true do n = n + 1; t[("x"):rep(100000) .. n] = true end
