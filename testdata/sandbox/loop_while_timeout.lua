-- want: 504 timeout
-- limits: timeout_ms=300 instructions=1000000000
-- An endless loop with instructions to spare ends by the clock.
while true do end
