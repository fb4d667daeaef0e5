-- want: 200 ok or 507 memory_limit
-- The same past the metamethods.
local t = {}
rawset(t, 67108863, 1)
rawset(t, 2^40, 1)
return "ok"
