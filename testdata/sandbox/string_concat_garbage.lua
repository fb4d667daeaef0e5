-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- Megabytes of garbage in every turn, none kept.
local s = ("x"):rep(2^20)
while true do local _ = s .. "y" end
