-- want: 507 memory_limit
-- Suspended coroutines that hold their memory in locals only.
local keep = {}
while true do
  local co = coroutine.wrap(function() local s = ("x"):rep(100000) .. #keep; coroutine.yield(); return s end)
  co()
  keep[#keep + 1] = co
end
