-- want: 200 ok
-- One captured byte of each megabyte must not keep the megabyte.
local keep = {}
for i = 1, 50 do keep[i] = (("x"):rep(2^20) .. i):match("(%d)%d*$", 2^20) end
return "ok"
