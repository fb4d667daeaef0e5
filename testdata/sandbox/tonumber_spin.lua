-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- Parsing the digits of a two-megabyte number for ever.
local s = ("9"):rep(2^21)
while true do tonumber(s) end
