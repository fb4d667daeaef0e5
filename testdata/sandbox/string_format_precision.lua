-- want: 502 script_error or 507 memory_limit
-- A billion digits after the point.
return #string.format("%.1000000000f", 1)
