-- want: 507 instruction_limit or 200
-- limits: timeout_ms=5000
-- Empty matches must move on.
local n = 0
for _ in ("x"):rep(1000000):gmatch("") do n = n + 1 end
return tostring(n)
