-- array and map writes in place
local list, map = {}, {}
for i = 1, 200 do map["k" .. i] = 0 end
for round = 1, 60 do
  for i = 1, 3000 do list[i] = i + round end
  for i = 1, 200 do map["k" .. i] = map["k" .. i] + round end
end
return list[3000] + map.k200
