-- want: 200 ok
-- limits: timeout_ms=9000
-- Every library function with every odd argument: errors, but no panic and no hang.
local spare = {yield = true, error = true, sleep = true}
local odd = {0, -1, 2^31, 2^53, 0/0, 1/0, "", "%", "x", {}, true, print, coroutine.create(print), json.null}
for _, lib in ipairs({_G, string, table, math, os, coroutine, json, log}) do
  for name, f in pairs(lib) do
    if type(f) == "function" and not spare[name] then
      for _, a in ipairs(odd) do
        if not (name == "rep" or name == "require") then pcall(f, a) end
        for _, b in ipairs(odd) do
          if name ~= "rep" and name ~= "require" then pcall(f, a, b) end
        end
      end
    end
  end
end
return "ok"
