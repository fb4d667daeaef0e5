-- want: 200 or 507 instruction_limit or 502 script_error
-- limits: timeout_ms=3000
-- Nested protected calls where every level swallows the overflow and tries again.
local function f() pcall(f); pcall(f) end
f()
