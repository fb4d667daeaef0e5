-- want: 507 memory_limit
-- The same in a loop with smaller and smaller bombs.
local n = 2^40
while true do
  pcall(string.rep, "x", n)
  n = n / 2
end
