-- want: 502 script_error or 507 memory_limit or 200
-- limits: timeout_ms=3000
-- A format of escapes: a recursive scanner would overflow.
return tostring(#os.date(("%%"):rep(10^6)))
