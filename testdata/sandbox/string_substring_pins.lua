-- want: 200 ok
-- One byte kept of each megabyte must not keep the megabyte.
local keep = {}
for i = 1, 100 do keep[i] = ("x"):rep(2^20):sub(i, i) end
return "ok"
