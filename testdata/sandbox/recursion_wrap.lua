-- want: 502 script_error
-- The same with coroutine.wrap, which passes errors on.
local function f() coroutine.wrap(f)() end
f()
