-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- Megabytes turned to upper case for ever.
local s = ("x"):rep(2^21)
while true do local _ = s:upper() end
