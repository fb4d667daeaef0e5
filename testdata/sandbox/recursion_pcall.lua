-- want: 502 script_error
-- Protected calls nested without end: each takes a thread of its own.
local function f() local ok, e = pcall(f); if not ok then error(e, 0) end end
f()
