-- secrets.get.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

assert(secrets.get("WEATHER_KEY") == "It's a Secret to Everybody")
assert(secrets.get("WEATHER_KEY") == secrets.get("GITHUB_SECRET"))
fails('secrets.get: the app has no secret called "NOTHING"', secrets.get, "NOTHING")
fails('secrets.get: the app has no secret called ""', secrets.get, "")
fails("secrets.get: argument 1 (name) must be a string, got nothing", secrets.get)
fails("secrets.get: argument 1 (name) must be a string, got number", secrets.get, 5)
fails("read-only", function() secrets.get = nil end)
return "ok"
