-- want: 507 memory_limit or 502 script_error
-- Each byte becomes six.
return json.encode(("\1"):rep(2^20))
