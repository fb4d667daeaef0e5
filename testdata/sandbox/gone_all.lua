-- want: 200 none
-- None of the removed names is anywhere in the globals.
local found = {}
for _, name in ipairs({"io", "debug", "package", "dofile", "loadfile", "load", "loadstring", "module",
  "newproxy", "channel", "_printregs", "getfenv", "setfenv"}) do
  if _G[name] ~= nil then found[#found + 1] = name end
end
for _, name in ipairs({"execute", "exit", "getenv", "remove", "rename", "tmpname", "setlocale", "setenv"}) do
  if os[name] ~= nil then found[#found + 1] = "os." .. name end
end
if string.dump then found[#found + 1] = "string.dump" end
return #found == 0 and "none" or table.concat(found, " ")
