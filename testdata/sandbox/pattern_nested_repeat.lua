-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- Backtracking over four ranges: 60 seconds in the native matcher at 400 bytes.
return ("a"):rep(30000):find(".-.-.-.-b")
