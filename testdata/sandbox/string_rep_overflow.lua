-- want: 507 memory_limit
-- A length whose product with the string's does not fit an integer.
return #string.rep(("x"):rep(1024), 2^62)
