-- want: 502 script_error or 200
-- A yield out of an error handler.
local co = coroutine.wrap(function() return xpcall(error, coroutine.yield) end)
return tostring(co())
