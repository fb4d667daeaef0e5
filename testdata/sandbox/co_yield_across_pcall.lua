-- want: 200 or 502 script_error
-- A yield across a protected call.
local co = coroutine.wrap(function() pcall(coroutine.yield, 1); return 2 end)
return tostring(co())
