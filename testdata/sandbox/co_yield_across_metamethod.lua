-- want: 502 script_error or 200
-- A yield out of a metamethod.
local t = setmetatable({}, {__index = function() return (coroutine.yield(1)) end})
local co = coroutine.wrap(function() return t.x end)
co()
return tostring(co(5))
