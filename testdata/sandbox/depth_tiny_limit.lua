-- want: 502 script_error
-- limits: call_depth=20
-- log: stack overflow
-- A small call depth.
local function f(n) if n == 0 then return 0 end return 1 + f(n - 1) end
return tostring(f(100))
