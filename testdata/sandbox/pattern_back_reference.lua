-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- A back reference compared at every split.
return ("a"):rep(20000):find("(.-)(.-)%1%2b")
