-- want: 200 ok
-- Every awkward interval is an error or a number.
local edges = {0, -1, 1, 2^31, 2^53, -2^53, 2^63, -2^63, 2^64, 1/0, -1/0, 0/0, 0.5}
for _, a in ipairs(edges) do
  pcall(math.random, a)
  pcall(math.randomseed, a)
  for _, b in ipairs(edges) do pcall(math.random, a, b) end
end
return "ok"
