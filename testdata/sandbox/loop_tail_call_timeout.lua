-- want: 504 timeout
-- limits: timeout_ms=300 instructions=1000000000
-- The same by the clock: the traceback would hold one line for each tail call.
local function f(n) return f(n + 1) end
return f(1)
