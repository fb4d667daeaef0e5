-- want: 507 memory_limit
-- A separator larger than all the items.
local t = {}
for i = 1, 10000 do t[i] = "" end
return #table.concat(t, ("x"):rep(2^16))
