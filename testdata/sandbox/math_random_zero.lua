-- want: 502 script_error
-- An empty interval makes Go's generator panic.
return math.random(0)
