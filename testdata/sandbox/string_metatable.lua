-- want: 200 ok
-- The metatable of all strings is out of reach.
local mt = getmetatable("")
if type(mt) == "table" then
  pcall(function() mt.__index = function() return "poisoned" end end)
  return "a metatable shows"
end
return "ok"
