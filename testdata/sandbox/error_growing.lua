-- want: 507 memory_limit or 504 timeout
-- limits: timeout_ms=1000
-- Each error message holds the one before it twice.
local e = "x"
while true do local _, m = pcall(error, e .. e, 0); e = m end
