-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- print is a log line too.
while true do print("x") end
