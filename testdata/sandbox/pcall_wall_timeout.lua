-- want: 504 timeout
-- limits: timeout_ms=300 instructions=1000000000
-- The deadline caught, and the loop continued.
while true do pcall(function() while true do end end) end
