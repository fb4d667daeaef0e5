-- want: 200 ok
-- Numbers in every base, too long for any.
for base = 2, 36 do
  pcall(tonumber, ("z"):rep(10000), base)
  pcall(tonumber, ("1"):rep(10000), base)
end
tonumber(("9"):rep(100000))
tonumber("0x" .. ("f"):rep(100000))
tonumber("1e" .. ("9"):rep(100000))
pcall(tonumber, "1", 1e9)
pcall(tonumber, "1", -1)
return "ok"
