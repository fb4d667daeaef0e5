-- want: 502 invalid_response or 507 instruction_limit or 507 memory_limit
-- limits: timeout_ms=4000
-- 2^60 leaves in sixty tables, met after the script has ended.
local t = {1}
for i = 1, 60 do t = {t, t} end
return t
