-- want: 200 or 502 script_error or 507 instruction_limit
-- limits: timeout_ms=2000
-- A chain of 5,000 tables is followed inside one instruction.
local t = {}
for i = 1, 5000 do t = setmetatable({}, {__index = t}) end
local x = t.missing
return tostring(x)
