-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- Coroutines suspended and dropped: garbage, but each costs to make.
while true do
  local co = coroutine.wrap(function() coroutine.yield() end)
  co()
end
