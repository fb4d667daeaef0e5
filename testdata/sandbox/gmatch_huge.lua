-- want: 507 memory_limit or 507 instruction_limit
-- limits: timeout_ms=8000
-- A million matches, all kept.
local keep = {}
for c in ("ab "):rep(1000000):gmatch("%a+ ") do keep[#keep + 1] = c .. #keep end
