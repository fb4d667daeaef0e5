-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- A million errors caught, each with a position to format.
while true do pcall(error, "x", 1) end
