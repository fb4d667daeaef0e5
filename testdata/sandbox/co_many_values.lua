-- want: 502 script_error or 507 memory_limit or 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- Yields that pass ever more values.
local co = coroutine.wrap(function(...) local t = {...}; while true do t[#t + 1] = 1; coroutine.yield(unpack(t)) end end)
while true do local t = {co()} end
