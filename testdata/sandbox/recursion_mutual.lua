-- want: 502 script_error
-- log: stack overflow
-- Unbounded recursion over two functions with many registers each.
local g
local function f(a, b, c, d, e) local x = g(a, b, c, d, e); return x end
function g(...) local y = f(...); return y end
return f(1, 2, 3, 4, 5)
