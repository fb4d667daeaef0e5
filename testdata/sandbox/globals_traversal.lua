-- want: 200 ok
-- A walk over everything reachable from _G finds no table that can be written to and is shared.
local seen, queue, n = {}, {_G}, 0
while #queue > 0 do
  local t = table.remove(queue)
  if not seen[t] then
    seen[t] = true
    n = n + 1
    for _, v in pairs(t) do if type(v) == "table" then queue[#queue + 1] = v end end
    local mt = getmetatable(t)
    if type(mt) == "table" then return "a metatable shows" end
  end
end
return n < 1000 and "ok" or "endless"
