-- want: 502 script_error
-- A yield outside every coroutine.
coroutine.yield(1)
