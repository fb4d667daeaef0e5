-- want: 200 ok
-- json.null can be neither changed nor given a metatable.
pcall(function() json.null.x = 1 end)
pcall(setmetatable, json.null, {__index = function() return "poisoned" end})
pcall(rawset, json.null, "x", 1)
local ok, x = pcall(function() return json.null.x end)
return (not ok or x == nil) and "ok" or "changed"
