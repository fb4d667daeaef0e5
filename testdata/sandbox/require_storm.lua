-- want: 507 instruction_limit or 507 sdk_call_limit or 504 timeout
-- limits: timeout_ms=1000
-- A different missing module each time.
local n = 0
while true do n = n + 1; pcall(require, "m" .. n) end
