-- want: 507 memory_limit
-- limits: call_depth=1000
-- Memory that only the locals of a deep stack hold.
local function f(n)
  local s = ("x"):rep(2^17) .. n
  local r = n < 190 and f(n + 1)
  return r, s
end
f(1)
