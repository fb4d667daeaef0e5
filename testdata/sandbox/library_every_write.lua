-- want: 200 ok
-- Every way to write to every library fails.
for name, lib in pairs({string = string, table = table, math = math, os = os, coroutine = coroutine, json = json, log = log}) do
  for _, try in ipairs({
    function() lib.poison = 1 end,
    function() rawset(lib, "poison", 1) end,
    function() lib[1] = 1 end,
    function() table.insert(lib, 1) end,
    function() table.insert(lib, 1, 1) end,
    function() setmetatable(lib, {__index = {poison = 1}}) end,
    function() getmetatable(lib).__index.poison = 1 end,
    function() getmetatable(lib).__newindex = nil; lib.poison = 1 end,
  }) do
    pcall(try)
    if lib.poison ~= nil or lib[1] ~= nil then return name .. " was changed" end
  end
end
return "ok"
