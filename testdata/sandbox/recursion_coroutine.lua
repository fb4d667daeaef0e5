-- want: 502 script_error
-- Coroutines nested without end: each resume runs on the Go stack.
local function f()
  local co = coroutine.create(f)
  local ok, e = coroutine.resume(co)
  if not ok then error(e, 0) end
end
f()
