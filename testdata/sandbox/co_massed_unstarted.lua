-- want: 507 memory_limit
-- Coroutines that never run, kept by the thousand.
local keep = {}
while true do keep[#keep + 1] = coroutine.create(function() end) end
