-- want: 507 instruction_limit
-- Tail calls under xpcall: a traceback for the handler must not list them all.
local function f() return f() end
xpcall(f, function(e) return tostring(e) end)
