-- want: 502 script_error or 507 memory_limit
-- A megabyte as a million results.
return #{("x"):rep(2^20):byte(1, -1)}
