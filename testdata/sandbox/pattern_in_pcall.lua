-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- A runaway match caught, and tried again.
while true do pcall(string.find, ("a"):rep(30000), ".-.-.-.-b") end
