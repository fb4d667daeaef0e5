-- want: 507 instruction_limit
-- limits: timeout_ms=5000
-- %b that never closes, from every start: quadratic.
local s = ("("):rep(200000)
return s:find("%b()")
