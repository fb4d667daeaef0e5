-- want: 502 script_error or 200
-- Coroutines whose body is a library function.
local out = {}
for _, f in ipairs({print, pcall, error, coroutine.yield, coroutine.wrap, string.rep, tostring, next}) do
  local co = coroutine.create(f)
  out[#out + 1] = tostring((coroutine.resume(co, "x", 2)))
end
return table.concat(out, " ")
