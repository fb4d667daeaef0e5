-- want: 200 ok
-- A collection can be neither changed nor looked into.
local c = kv.collection("abuse")
local function refused(f, ...) assert(not pcall(f, ...)) end
refused(function() c.get = nil end)
refused(function() c.x = 1 end)
refused(rawset, c, "get", 1)
refused(rawget, c, "get")
refused(setmetatable, c, {})
refused(pairs, c)
refused(json.encode, c)
refused(c.get, {}, "k")
refused(c.get, docs.collection("abuse"), "k")
assert(getmetatable(c) == false)
return "ok"
