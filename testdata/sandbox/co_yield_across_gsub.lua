-- want: 502 script_error
-- A yield out of a gsub callback.
coroutine.wrap(function() return (("abc"):gsub(".", coroutine.yield)) end)()
