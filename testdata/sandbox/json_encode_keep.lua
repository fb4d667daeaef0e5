-- want: 507 memory_limit
-- Encoded texts, kept.
local t, keep = {}, {}
for i = 1, 1000 do t[i] = "item" .. i end
while true do keep[#keep + 1] = json.encode(t) end
