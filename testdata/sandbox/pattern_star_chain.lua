-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- Many greedy repeats that cannot match together.
return ("a"):rep(5000):find(("a*"):rep(20) .. "b")
