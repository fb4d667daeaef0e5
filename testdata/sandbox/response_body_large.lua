-- want: 502 invalid_response or 507 memory_limit
-- limits: memory_bytes=67108864 string_bytes=33554432
-- A body over the response's cap.
return ("x"):rep(12 * 2^20)
