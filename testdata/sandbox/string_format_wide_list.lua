-- want: 507 memory_limit or 502 script_error
-- Many wide fields together.
local f = ("%99d"):rep(7000)
local t = {}
for i = 1, 7000 do t[i] = i end
local s = string.format(f, unpack(t))
local all = {}
while true do all[#all + 1] = string.format(f, unpack(t)) end
