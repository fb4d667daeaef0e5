-- want: 502 script_error
-- A script that requires a module that does not exist, under every level of protection.
local function f() return require("no" .. "body") end
pcall(f)
return f()
