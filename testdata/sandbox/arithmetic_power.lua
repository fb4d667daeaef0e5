-- want: 507 instruction_limit
-- limits: timeout_ms=8000
-- Powers and remainders of awkward numbers.
local x = 2
while true do x = (x ^ 1.5) % 1e300; x = math.fmod(-x, 0.1) + 2 end
