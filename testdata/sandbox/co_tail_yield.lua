-- want: 200 7
-- "return coroutine.yield()" kills a native thread with a nil dereference.
local co = coroutine.wrap(function(a) return coroutine.yield(a) end)
co(1)
return tostring(co(7))
