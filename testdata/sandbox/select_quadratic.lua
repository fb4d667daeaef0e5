-- want: 507 instruction_limit or 504 timeout or 502 script_error
-- limits: timeout_ms=500
-- select copies the whole list for each of its items.
local t = {}
for i = 1, 7000 do t[i] = i end
local function sum(...)
  local n = 0
  for i = 1, select("#", ...) do n = n + (select(i, ...)) end
  return n
end
while true do sum(unpack(t)) end
