-- want: 507 memory_limit
-- Each match is a table far larger than its text, and the list is not returned yet.
return #regex.find_all(("a"):rep(200000), "a")
