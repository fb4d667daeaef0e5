-- docs.collection and the calls of a collection.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local c = docs.collection("t")
local id, rev = c:insert({ room = "hall", temp = 21.5 })
assert(#id == 36 and rev == 1)
local data, meta = c:get(id)
assert(data.room == "hall" and data.temp == 21.5)
assert(meta.rev == 1 and meta.created_at == meta.updated_at and meta.created_at:match("^%d+%-%d+%-%d+T.*Z$"))
data.room = "changed" -- a copy: it changes nothing
assert(c:get(id).room == "hall")
assert(c:get("none") == nil)

-- own ids, compare-and-set
assert(c:insert({ n = 1 }, { id = "own/ü" }) == "own/ü")
local none, there = c:insert({ n = 2 }, { id = "own/ü" })
assert(none == nil and there == 1)
assert(c:replace("own/ü", { n = 2 }) == 2)
assert(c:replace("own/ü", { n = 2 }) == 2, "unchanged data keeps its rev")
none, there = c:replace("own/ü", { n = 3 }, { rev = 1 })
assert(none == nil and there == 2)
assert(c:replace("own/ü", { n = 3 }, { rev = 2 }) == 3)
none, there = c:replace("none", {})
assert(none == nil and there == 0)

-- merge patch
assert(c:patch("own/ü", { n = json.null, m = { a = 1, b = 2 }, list = { 1, 2 } }) == 4)
assert(c:patch("own/ü", { m = { a = json.null, c = 3 }, list = { 9 } }, { rev = 4 }) == 5)
assert(json.encode(c:get("own/ü")) == '{"m":{"b":2,"c":3},"list":[9]}')
none, there = c:patch("own/ü", { x = 1 }, { rev = 4 })
assert(none == nil and there == 5)

none, there = c:delete("own/ü", { rev = 1 })
assert(none == false and there == 5)
assert(c:delete("own/ü") == true and c:delete("own/ü") == false)
local _, again = c:insert({}, { id = "own/ü" })
assert(again == 6, "revs go on after a deletion")

-- queries
local q = docs.collection("q")
for i = 1, 30 do
  q:insert({ n = i, room = i % 2 == 0 and "hall" or "attic", tags = i % 3 == 0 and { "x", i } or json.array(), meta = { fw = "1." .. i },
    ["odd.name"] = i, on = i > 20, gone = i == 5 and json.null or nil })
end
local function ns(query)
  local found = {}
  for _, d in ipairs(q:find(query)) do found[#found + 1] = d.data.n end
  return table.concat(found, " ")
end
assert(ns({ where = { n = 7 } }) == "7")
assert(ns({ where = { n = "7" } }) == "", "numbers are no strings")
assert(ns({ where = { room = "hall", n = { gt = 21, lte = 26 } } }) == "22 24 26")
assert(ns({ where = { tags = { contains = 12 } } }) == "12")
assert(ns({ where = { tags = { contains = "x" }, n = { lt = 10 } } }) == "3 6 9")
assert(ns({ where = { ["meta.fw"] = { starts_with = "1.3" } } }) == "3 30")
assert(ns({ where = { ["odd\\.name"] = { ["in"] = { 4, 2, "5" } } } }) == "2 4")
assert(ns({ where = { any = { { n = 1 }, { n = { gte = 30 } } } } }) == "1 30")
assert(ns({ where = { ["not"] = { n = { gt = 2 } } } }) == "1 2")
assert(ns({ where = { gone = { exists = true } } }) == "5" and ns({ where = { gone = json.null } }) == "5")
assert(ns({ where = { on = true, n = { lt = 23 } } }) == "21 22")
assert(ns({ where = { n = { ["not_in"] = { 1 }, ne = 2, lt = 5 } } }) == "3 4")
assert(ns({ sort = { "-n" }, limit = 3 }) == "30 29 28")
assert(ns({ sort = { "room", "-n" }, limit = 3 }) == "29 27 25")
assert(ns({ where = {}, sort = {}, limit = 2 }) == "1 2")
assert(q:count() == 30 and q:count({ where = { room = "hall" } }) == 15)
local first = q:find_one({ where = { room = "hall" } })
assert(first.data.n == 2 and first.rev == 1 and first.id and first.created_at and first.updated_at)
assert(q:find_one({ where = { n = 99 } }) == nil)
assert(q:count({ where = { id = first.id } }) == 1 and q:count({ where = { created_at = { gte = "2020-01-01T00:00:00Z" } } }) == 30)
assert(json.encode(q:find({ where = { n = 4 }, fields = { "meta.fw", "n" } })[1].data) == '{"meta":{"fw":"1.4"},"n":4}')
assert(json.encode(q:find({ where = { n = 99 } })) == "[]")

-- pages and loops
local seen, cursor = {}, nil
repeat
  local page
  page, cursor = q:find({ sort = { "-room" }, limit = 7, cursor = cursor })
  for _, d in ipairs(page) do seen[#seen + 1] = d.data.n end
until not cursor
assert(#seen == 30 and seen[1] % 2 == 0 and seen[30] % 2 == 1)
local sum = 0
for d in q:each({ where = { room = "attic" } }) do sum = sum + d.data.n end
assert(sum == 225)
sum = 0
for d in q:each({ sort = { "n" }, limit = 3 }) do sum = sum + d.data.n end
assert(sum == 6)
local _, after = q:find({ sort = { "n" }, limit = 28 })
sum = 0
for d in q:each({ sort = { "n" }, cursor = after }) do sum = sum + d.data.n end
assert(sum == 29 + 30, sum)

-- an index changes no answer
q:ensure_index("n", "room", "meta.fw")
q:ensure_index("n")
assert(ns({ where = { room = "hall", n = { gt = 21, lte = 26 } } }) == "22 24 26")
assert(ns({ where = { n = { gte = 29 } }, sort = { "-n" } }) == "30 29")
assert(ns({ sort = { "n" }, limit = 3 }) == "1 2 3")

-- in a transaction
local made = kv.transaction(function(tx)
  local t = tx.docs("q")
  local one = t:find_one({ where = { n = 1 } })
  assert(t:patch(one.id, { n = 100 }) == true)
  assert(t:get(one.id).n == 100)
  local _, m = t:get(one.id)
  assert(m.rev == nil, "its own write has no rev yet")
  local id = t:insert({ n = 101 })
  assert(t:insert({ n = 102 }, { id = "mine" }) == "mine" and t:insert({}, { id = "mine" }) == nil)
  assert(t:count({ where = { n = { gte = 100 } } }) == 3, "its own writes are found")
  assert(#t:find({ where = { n = { gte = 100 } }, sort = { "-n" }, limit = 2 }) == 2)
  assert(t:find_one({ where = { n = 1 } }) == nil)
  assert(t:delete("mine") and t:get("mine") == nil)
  assert(t:replace(id, { n = 103 }) == true)
  fails("may not be called inside kv.transaction", t.ensure_index, t, "x")
  return id
end)
assert(q:get(made).n == 103 and q:count() == 31 and q:count({ where = { n = 100 } }) == 1)

-- a search sees all of its own writes, however many, under ids of every kind
local many = docs.collection("many")
many:insert({ n = 0 }, { id = "0189c1f0-0000-7000-8000-000000000001" })
many:insert({ n = 0 }, { id = "a\0b" })
many:insert({ n = 0 }, { id = "ä" })
many:insert({ n = 0 }, { id = "there" })
kv.transaction(function(tx)
  local t = tx.docs("many")
  t:delete("0189c1f0-0000-7000-8000-000000000001")
  t:delete("a\0b")
  t:patch("ä", { n = -1, deep = { list = json.array(), text = "<\"'\n" } })
  for i = 1, 600 do t:insert({ n = i }) end
  assert(t:count() == 602 and t:count({ where = { n = { gt = 0 } } }) == 600)
  local found = t:find({ where = { n = { lte = 0 } }, sort = { "n" } })
  assert(#found == 2 and found[1].id == "ä" and found[2].id == "there" and found[1].data.deep.text == "<\"'\n")
  assert(t:count({ where = { ["deep.text"] = "<\"'\n" } }) == 1)
end)
assert(many:count() == 602)

-- what is refused
fails("docs.collection: argument 1 (name): a collection's name is", docs.collection, "a b")
fails("docs:insert: argument 1 (data) must be a table, got string", c.insert, c, "x")
fails("must be a table with fields, not a list", c.insert, c, { 1, 2 })
fails("docs:insert: argument 1: data.f is a function", c.insert, c, { f = print })
fails("is over 1048576 bytes of JSON", c.insert, c, { x = ("x"):rep(1048576) })
local zero = c:insert({ a = 1, b = "a\0b:", ["\\u0000"] = "\\u0000" })
local named = { list = { { ["a\0b"] = 2 } } }
fails("has a zero character in it", c.insert, c, named)
fails("has a zero character in it", c.replace, c, zero, named)
fails("has a zero character in it", c.patch, c, zero, { ["a\0b"] = 2 })
fails("has a zero character in it", kv.transaction, function(tx) tx.docs("d"):insert(named) end)
fails("has a zero character in it", kv.transaction, function(tx) tx.docs("d"):patch(tx.docs("d"):insert({ a = 1 }), { ["a\0b"] = 2 }) end)
assert(c:get(zero).a == 1 and c:get(zero)["\\u0000"] == "\\u0000")
c:delete(zero)
fails("option \"id\" must be 1 to 512 bytes", c.insert, c, {}, { id = "" })
fails("has the unknown key \"ident\" (known: id)", c.insert, c, {}, { ident = "x" })
fails("docs:get: argument 1 (id) must be a string, got nothing", c.get, c)
fails("docs:get must be called with ':'", c.get, kv.collection("t"), "x")
fails("kv:get must be called with ':'", kv.collection("t").get, c, "x")
fails("docs:find: where.n: unknown operator \"gtt\" (known: eq, ne,", q.find, q, { where = { n = { gtt = 1 } } })
fails("a query has no part \"were\"", q.find, q, { were = {} })
fails("where.n: gt needs a number or a string", q.find, q, { where = { n = { gt = true } } })
fails("where.any[2] must be an object", q.find, q, { where = { any = { {}, 5 } } })
fails("limit must be a whole number from 1 to 1000", q.find, q, { limit = 0 })
fails("the cursor is not one that this list gave", q.find, q, { cursor = "abcdefghijkl" })
fails("has the unknown key \"sort\" (known: where)", q.count, q, { sort = { "n" } })
fails("argument 1 (query) must be a table", q.find, q, "x")
fails("argument 1: query.where.n is a function", q.find, q, { where = { n = print } })
return "ok"
