-- want: 200 false
-- A coroutine that resumes itself.
local co
co = coroutine.create(function() return coroutine.resume(co) end)
local _, ok = coroutine.resume(co)
return tostring(ok)
