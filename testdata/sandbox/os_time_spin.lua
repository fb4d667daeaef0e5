-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- Dates by the million.
while true do os.time({year = 2024, month = 1, day = 1}) end
