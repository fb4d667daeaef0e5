-- want: 200 false
-- A coroutine that resumes the one that resumed it.
local outer
outer = coroutine.create(function()
  local inner = coroutine.create(function() return coroutine.resume(outer) end)
  local _, ok = coroutine.resume(inner)
  return ok
end)
local _, ok = coroutine.resume(outer)
return tostring(ok)
