-- want: 502 script_error
-- Recursion through a library function's callback: Lua, Go, Lua, Go.
local function f() return (("x"):gsub("x", f)) end
f()
