-- want: 502 script_error or 507 instruction_limit or 200
-- limits: timeout_ms=2000
-- A long chain of callable tables that are not functions.
local f = function() return 1 end
for i = 1, 5000 do f = setmetatable({}, {__call = f}) end
return tostring(f())
