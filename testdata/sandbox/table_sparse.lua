-- want: 507 memory_limit
-- Tables that each have one item at a million.
local keep = {}
for i = 1, 10000000 do
  keep[i] = {}
  keep[i][1000000] = 1
end
