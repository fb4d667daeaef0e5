-- want: 507 memory_limit
-- Suspended coroutines kept by the thousand.
local keep = {}
while true do
  local co = coroutine.create(function() coroutine.yield() end)
  coroutine.resume(co)
  keep[#keep + 1] = co
end
