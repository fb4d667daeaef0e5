-- want: 507 instruction_limit or 507 memory_limit
-- limits: timeout_ms=8000
-- Each insertion moves all items.
local t = {}
while true do table.insert(t, 1, true) end
