-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- A runaway pattern in an iterator.
for _ in ("a"):rep(30000):gmatch(".-.-.-.-b") do end
