-- want: 200 ok
-- No library shows the table behind it.
for _, lib in ipairs({string, table, math, os, coroutine, json, log}) do
  local mt = getmetatable(lib)
  if type(mt) == "table" then return "a metatable shows" end
end
return "ok"
