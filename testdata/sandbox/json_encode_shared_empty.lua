-- want: 507 memory_limit or 507 instruction_limit or 502 script_error
-- The same with nothing at the leaves.
local t = {}
for i = 1, 100 do t = {a = t, b = t} end
return json.encode(t)
