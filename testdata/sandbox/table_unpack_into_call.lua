-- want: 502 script_error or 507 memory_limit or 507 instruction_limit
-- limits: timeout_ms=5000
-- Argument lists that grow until the registers are full.
local t = {}
while true do
  t[#t + 1] = #t
  ;(function(...) return ... end)(unpack(t))
end
