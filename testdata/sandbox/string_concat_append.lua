-- want: 507 memory_limit or 507 instruction_limit
-- limits: timeout_ms=8000
-- Growth by a kilobyte: each step copies everything.
local s, part = "", ("x"):rep(1024)
while true do s = s .. part end
