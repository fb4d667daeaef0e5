-- want: 504 timeout
-- limits: timeout_ms=20 instructions=1000000000
-- A short deadline.
while true do end
