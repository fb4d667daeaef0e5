-- want: 200 or 502 script_error or 507 instruction_limit or 507 memory_limit
-- limits: timeout_ms=4000
-- Data of 2^60 leaves.
local t = {1}
for i = 1, 60 do t = {t, t} end
log.info("m", t)
return "done"
