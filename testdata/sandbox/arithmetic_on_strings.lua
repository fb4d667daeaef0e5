-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- An addition that reads a two-megabyte string as a number.
local s = "0." .. ("9"):rep(2^21)
local n
while true do n = s + 1 end
