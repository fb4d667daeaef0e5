-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- A wrapped coroutine that dies each time, under pcall.
while true do pcall(coroutine.wrap(function() error("x") end)) end
