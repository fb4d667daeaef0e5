-- want: 507 memory_limit
-- A callback that keeps what it is given and more.
local keep = {}
local s = ("x"):rep(2^20)
s:gsub(".", function(c) keep[#keep + 1] = c:rep(1024) .. #keep; return nil end)
