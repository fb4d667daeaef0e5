-- want: 507 instruction_limit or 502 script_error or 504 timeout or 507 memory_limit
-- limits: timeout_ms=4000
-- The same for ever: lines past the last that is kept must cost as well.
local t = {1}
for i = 1, 14 do t = {t, t} end
while true do log.info("m", t) end
