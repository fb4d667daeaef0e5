-- want: 507 memory_limit or 507 instruction_limit
-- limits: timeout_ms=8000
-- Long keys whose values are taken away again: the key itself stays in the table.
local t = {}
local n = 0
while true do n = n + 1; local k = ("x"):rep(100000) .. n; t[k] = true; t[k] = nil end
