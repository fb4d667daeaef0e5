-- log.trace, log.debug, log.info, log.warn and log.error.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

for _, level in ipairs({ "trace", "debug", "info", "warn", "error" }) do
  log[level]("a line")
  log[level]("with data", { n = 1, list = { 1, 2 } })
  log[level](42)
  log[level](true)
  fails("log." .. level .. ": argument 1 (message) must be given", log[level])
  fails("log." .. level .. ": argument 1 (message) must be a string, got table", log[level], {})
  fails("log." .. level .. ": argument 2 (data) must be a table, got string", log[level], "x", "y")
  fails("data.f is a function", log[level], "x", { f = print })
end
return "ok"
