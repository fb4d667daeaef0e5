-- want: 502 script_error or 507 memory_limit
-- A field a billion characters wide.
return #string.format("%1000000000d", 1)
