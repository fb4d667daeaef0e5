-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- Lazy repeats restarted at every byte.
local s = ("a"):rep(100000)
return tostring(s:find("a-b"))
