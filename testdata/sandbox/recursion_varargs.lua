-- want: 502 script_error
-- log: stack overflow
-- Each level copies a longer argument list.
local function f(...) local r = f(1, ...); return r end
f()
