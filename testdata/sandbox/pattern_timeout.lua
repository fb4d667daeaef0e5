-- want: 504 timeout
-- limits: timeout_ms=300 instructions=1000000000
-- A runaway match ends by the clock, though it executes no instruction.
return ("a"):rep(30000):find(".-.-.-.-b")
