-- want: 507 instruction_limit
-- Forty coroutines inside each other, the innermost without end.
local f = function() while true do end end
for i = 1, 40 do
  local inner = f
  f = function() coroutine.resume(coroutine.create(inner)) end
end
f()
return "survived"
