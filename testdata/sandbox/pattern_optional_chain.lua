-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- Thirty optional characters before thirty plain ones: exponential.
return ("a"):rep(30):match(("a?"):rep(30) .. ("a"):rep(31))
