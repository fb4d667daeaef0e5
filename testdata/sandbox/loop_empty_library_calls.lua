-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- A loop that spends its time inside library functions.
local byte = string.byte
while true do byte("x") end
