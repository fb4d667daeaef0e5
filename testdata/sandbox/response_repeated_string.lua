-- want: 502 invalid_response or 507 memory_limit
-- Four gigabytes of references to one megabyte.
local s, t = ("x"):rep(2^20), {}
for i = 1, 4000 do t[i] = s end
return t
