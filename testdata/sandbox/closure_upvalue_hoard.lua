-- want: 507 memory_limit
-- Memory that only upvalues hold.
local f = function() end
local n = 0
while true do
  n = n + 1
  local inner, s = f, ("x"):rep(1000) .. n
  f = function() return inner, s end
end
