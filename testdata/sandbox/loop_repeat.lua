-- want: 507 instruction_limit
-- A repeat loop whose condition never holds.
local n = 0
repeat n = n + 1 until n < 0
