-- want: 507 instruction_limit
-- Two functions that tail-call each other.
local a, b
function a() return b() end
function b() return a() end
a()
