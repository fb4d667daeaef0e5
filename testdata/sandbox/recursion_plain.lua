-- want: 502 script_error
-- log: stack overflow
-- Unbounded recursion.
local function f(n) return 1 + f(n + 1) end
return f(1)
