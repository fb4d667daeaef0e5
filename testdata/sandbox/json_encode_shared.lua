-- want: 507 memory_limit or 507 instruction_limit or 502 script_error
-- Sixty doublings: 2^60 leaves in sixty tables.
local t = {1}
for i = 1, 60 do t = {t, t} end
return json.encode(t)
