-- want: 200 ok or 507 memory_limit
-- One assignment that would fill an array of 67 million.
local t = {}
t[67108863] = 1
t[2^31] = 1
t[2^53] = 1
t[-2^53] = 1
return "ok"
