-- want: 507 instruction_limit
-- Forty protected calls around an endless loop, each followed by another endless loop.
local f = function() while true do end end
for i = 1, 40 do
  local inner = f
  f = function() pcall(inner); while true do end end
end
f()
