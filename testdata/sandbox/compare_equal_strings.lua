-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- Equality of two long strings that are not the same bytes in memory.
local a = ("x"):rep(2^21) .. "a"
local b = ("x"):rep(2^21) .. "a"
local n = 0
while true do if a == b then n = n + 1 end end
