-- want: 507 instruction_limit
-- Resuming a dead coroutine a million times must not pile up frames.
local co = coroutine.create(function() end)
coroutine.resume(co)
while true do coroutine.resume(co) end
