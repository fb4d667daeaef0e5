-- want: 507 instruction_limit
-- resume returns errors as values; the limit's must not be one of them.
local co = coroutine.create(function() while true do end end)
local ok = coroutine.resume(co)
return "survived " .. tostring(ok)
