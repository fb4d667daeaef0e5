-- kv.collection and the calls of a collection.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local c = kv.collection("t")
assert(c:get("a") == nil and not c:has("a"))
assert(c:set("a", 1) == 1)
local value, version = c:get("a")
assert(value == 1 and version == 1 and c:has("a"))
assert(c:set("a", 1) == 1, "an unchanged value keeps its version")
assert(c:set("a", { n = { 1, 2 }, s = "ü" }) == 2)
value = c:get("a")
assert(value.s == "ü" and value.n[2] == 2)
value.s = "changed" -- a copy: it changes nothing
assert(c:get("a").s == "ü")
assert(kv.collection("t"):get("a").s == "ü" and kv.collection("other"):get("a") == nil)

-- compare-and-set
local set, there = c:set("a", 3, { if_version = 1 })
assert(set == nil and there == 2)
set, there = c:set("a", 3, { if_absent = true })
assert(set == nil and there == 2)
set, there = c:set("b", 3, { if_version = 7 })
assert(set == nil and there == 0)
assert(c:set("a", 3, { if_version = 2 }) == 3)
assert(c:set("b", 1, { if_absent = true }) == 1)
local gone
gone, there = c:delete("b", { if_version = 9 })
assert(gone == false and there == 1)
assert(c:delete("b", { if_version = 1 }) == true)
assert(c:delete("b") == false)
assert(c:set("b", 1, { if_version = 0 }) == 2, "versions go on after a deletion")

-- values
for _, v in ipairs({ true, false, 0, -1.5, "", "text", 2 ^ 53, json.null, {}, json.array() }) do
  c:set("v", v)
  assert(json.encode(c:get("v")) == json.encode(v))
end
assert(c:get("v") ~= nil)
c:set("v", json.null)
assert(c:get("v") == json.null and c:has("v"))
assert(c:set("relaxed", 5, { durable = false }) and c:get("relaxed") == 5)
assert(c:set("short", 5, { ttl = 0.5 }) and c:set("long", 5, { ttl = 3600 }))

-- counters
assert(c:incr("n") == 1 and c:incr("n", 41) == 42 and c:incr("n", -2) == 40 and c:get("n") == 40)
c:set("s", "text")
fails("kv:incr: what is stored under the key is not a whole number", c.incr, c, "s")
fails("argument 2 (by) must be a whole number", c.incr, c, "n", 1.5)

-- lists
local l = kv.collection("l")
for i = 1, 25 do l:set(string.format("k/%02d", i), i) end
l:set("other", true)
local page = l:list({ prefix = "k/", limit = 10 })
assert(#page.items == 10 and page.items[1].key == "k/01" and page.items[1].value == 1 and page.items[1].version == 1)
page = l:list({ prefix = "k/", limit = 20, cursor = page.next_cursor })
assert(#page.items == 15 and page.items[15].key == "k/25" and page.next_cursor == nil)
assert(json.encode(l:list({ prefix = "none" }).items) == "[]")
local sum, keys = 0, {}
for key, value, version in l:each({ prefix = "k/" }) do
  sum = sum + value
  keys[#keys + 1] = key
  assert(version == 1)
end
assert(sum == 325 and #keys == 25 and keys[1] == "k/01" and keys[25] == "k/25")
for key in l:each() do l:delete(key) end
assert(#l:list().items == 0)

-- what is refused
fails("kv.collection: argument 1 (name): a collection's name is", kv.collection, "a/b")
fails("kv.collection: argument 1 (name) must be a string, got nothing", kv.collection)
fails("kv:get: argument 1 (key) must be a string, got nothing", c.get, c)
fails("kv:get: argument 1 (key) must be 1 to 512 bytes", c.get, c, "")
fails("got 1 bytes that are not UTF-8", c.get, c, "\255")
fails("kv:get must be called with ':'", c.get, "a")
fails("kv:get must be called with ':'", function() c.get() end) -- picloud: ignore dot_call
fails("kv:set: argument 2 (value) is missing", c.set, c, "a")
fails("kv:set: argument 2: value.f is a function", c.set, c, "a", { f = print })
fails("is over 262144 bytes of JSON", c.set, c, "a", ("x"):rep(262144))
fails("has the unknown key \"tll\" (known: ttl, if_absent, if_version, durable)", c.set, c, "a", 1, { tll = 1 })
fails("option \"ttl\" must be a number of seconds above 0", c.set, c, "a", 1, { ttl = 0 })
fails("option \"ttl\" must be a number, got string", c.set, c, "a", 1, { ttl = "1" })
fails("exclude each other", c.set, c, "a", 1, { if_absent = true, if_version = 1 })
fails("option \"if_version\" must be 0 or above, got -1", c.set, c, "a", 1, { if_version = -1 })
fails("option \"if_version\" must be 0 or above, got -1", c.delete, c, "a", { if_version = -1 })
fails("option \"limit\" must be 1 to 1000", c.list, c, { limit = 1001 })
fails("kv:list: the cursor is not one that this list gave", c.list, c, { cursor = "zzz" })
fails("read-only", function() kv.collection = nil end)
fails("", function() c.set = nil end)
assert(getmetatable(c) == false and tostring(c) == "kv")
return "ok"
