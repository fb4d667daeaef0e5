-- want: 507 memory_limit
-- A string bomb caught; the run must not go on after it.
local ok = pcall(string.rep, "x", 1e9)
return "survived " .. tostring(ok)
