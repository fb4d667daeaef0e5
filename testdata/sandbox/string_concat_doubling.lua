-- want: 507 memory_limit
-- Doubling by the operator, one instruction each time.
local s = "x"
while true do s = s .. s end
