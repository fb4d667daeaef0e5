-- want: 507 instruction_limit
-- limits: timeout_ms=9000
-- Garbage made as fast as possible is legal; only the instructions end it.
while true do local _ = {1, 2, 3, 4, 5, 6, 7, 8} end
