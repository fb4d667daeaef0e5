-- want: 507 memory_limit
-- An array that grows for ever.
local t = {}
local n = 0
while true do n = n + 1; t[n] = n + 0.5 end
