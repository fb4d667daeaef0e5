-- want: 502 script_error or 507 memory_limit or 200
-- limits: timeout_ms=5000
-- A replacement of a million escapes: the native scanner recurses once for each.
return #(("x"):gsub("x", ("%%"):rep(10^6)))
