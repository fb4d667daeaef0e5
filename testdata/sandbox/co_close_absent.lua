-- want: 502 script_error
-- coroutine.close is not of Lua 5.1.
coroutine.close(coroutine.create(function() end))
