-- want: 200 or 502 script_error or 507 instruction_limit
-- limits: timeout_ms=2000
-- A handler that opens another protected call with itself as the handler.
local function h(e) return xpcall(function() error("again") end, h) end
return tostring(xpcall(function() error("x") end, h))
