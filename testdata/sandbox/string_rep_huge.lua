-- want: 507 memory_limit
-- A gigabyte in one call.
return #string.rep("x", 1e9)
