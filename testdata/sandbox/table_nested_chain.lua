-- want: 507 memory_limit
-- A list a million links long: a recursive walk of it would end the process.
local t = {}
while true do t = {t} end
