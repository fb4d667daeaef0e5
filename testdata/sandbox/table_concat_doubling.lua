-- want: 507 memory_limit
-- table.concat of one string many times.
local s, t = ("x"):rep(2^16), {}
for i = 1, 1000 do t[i] = s end
return #table.concat(t)
