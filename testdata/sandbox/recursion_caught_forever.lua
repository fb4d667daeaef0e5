-- want: 507 instruction_limit
-- A stack overflow is an ordinary error, but catching it again and again is not free.
local function f(n) return 1 + f(n + 1) end
while true do pcall(f, 1) end
