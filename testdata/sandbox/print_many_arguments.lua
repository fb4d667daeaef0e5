-- want: 200 or 507 memory_limit or 507 instruction_limit
-- Thousands of long arguments in one line.
local s, t = ("x"):rep(2^16), {}
for i = 1, 5000 do t[i] = s end
print(unpack(t))
return "done"
