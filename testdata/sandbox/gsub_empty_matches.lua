-- want: 507 instruction_limit or 507 memory_limit or 504 timeout
-- limits: timeout_ms=1000
-- Empty matches between all characters, for ever.
local s = ("x"):rep(100000)
while true do local _ = s:gsub("", "") end
