-- want: 507 memory_limit
-- A million matches of a kilobyte each.
return #(("x"):rep(2^20):gsub("x", ("y"):rep(1024)))
