-- want: 507 instruction_limit
-- A loop made of forward and backward jumps with a local in each turn.
local n = 0
::top::
do
  local x = n
  n = x + 1
  if n % 2 == 0 then goto top end
end
goto top
