-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- A table lookup hashes a key of two megabytes each time.
local t, k = {}, ("x"):rep(2^21)
t[k] = 1
local n = 0
while true do n = n + t[k] end
