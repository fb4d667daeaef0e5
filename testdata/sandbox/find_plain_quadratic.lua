-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- A plain search over megabytes, again and again.
local s, part = ("a"):rep(2^21), ("a"):rep(1000) .. "b"
while true do s:find(part, 1, true) end
