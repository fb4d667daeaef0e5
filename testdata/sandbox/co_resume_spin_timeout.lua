-- want: 504 timeout
-- limits: timeout_ms=300 instructions=1000000000
-- The same by the clock.
while true do coroutine.resume(coroutine.create(function() while true do end end)) end
