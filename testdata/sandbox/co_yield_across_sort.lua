-- want: 502 script_error
-- A yield out of a comparator.
coroutine.wrap(function() table.sort({3, 2, 1}, function(a, b) coroutine.yield(); return a < b end) end)()
