-- want: 507 instruction_limit
-- Endless tail recursion uses no stack; a naive traceback of it takes gigabytes.
local function f(n) return f(n + 1) end
return f(1)
