-- kv.transaction.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local c = kv.collection("tx")
c:set("a", 10)
local first, second = kv.transaction(function(tx)
  local t = tx.kv("tx")
  local a, version = t:get("a")
  assert(a == 10 and version == 1)
  assert(t:set("a", a - 1) == true)
  local own, none = t:get("a")
  assert(own == 9 and none == nil, "its own write has no version yet")
  assert(t:incr("b") == 1 and t:incr("b", 2) == 3 and t:has("b"))
  assert(t:set("gone", 1) and t:delete("gone") and not t:has("gone"))
  assert(t:delete("never") == false)
  return "done", 2
end)
assert(first == "done" and second == 2)
assert(c:get("a") == 9 and c:get("b") == 3 and not c:has("gone"))
assert(select("#", kv.transaction(function() end)) == 0)

-- an error writes nothing
fails("on purpose", kv.transaction, function(tx)
  tx.kv("tx"):set("a", 0)
  error("on purpose")
end)
assert(c:get("a") == 9)

-- compare-and-set inside
kv.transaction(function(tx)
  local t = tx.kv("tx")
  local set, there = t:set("a", 0, { if_version = 99 })
  assert(set == nil and there == 2, there)
  assert(t:set("new", 1, { if_absent = true }) == true)
  assert(t:set("new", 2, { if_absent = true }) == nil)
  assert(t:delete("new") == true)
  assert(t:set("new", 3, { if_absent = true }) == true)
end)
assert(c:get("new") == 3)

-- lists show its own writes
local l = kv.collection("txlist")
for i = 1, 6 do l:set("k" .. i, i) end
kv.transaction(function(tx)
  local t = tx.kv("txlist")
  t:delete("k2")
  t:set("k3", 33)
  t:set("k35", 35)
  t:set("k9", 9)
  t:set("other", 0)
  local seen = {}
  for key, value in t:each({ prefix = "k" }) do seen[#seen + 1] = key .. "=" .. value end
  assert(table.concat(seen, " ") == "k1=1 k3=33 k35=35 k4=4 k5=5 k6=6 k9=9", table.concat(seen, " "))
  local paged, cursor = {}, nil
  repeat
    local page = t:list({ prefix = "k", limit = 2, cursor = cursor })
    for _, item in ipairs(page.items) do paged[#paged + 1] = item.key .. "=" .. item.value end
    cursor = page.next_cursor
  until not cursor
  assert(table.concat(paged, " ") == table.concat(seen, " "), table.concat(paged, " "))
end)

-- what is refused
local kept
kv.transaction(function(tx)
  kept = tx.kv("tx")
  fails("inside kv.transaction only the collections of its argument", c.get, c, "a")
  fails("inside kv.transaction only the collections of its argument", c.set, c, "a", 1)
  fails("may not be called inside a transaction", kv.transaction, function() end)
  fails("unknown key \"durable\"", kept.set, kept, "a", 1, { durable = false })
  fails("read-only", function() tx.kv = nil end)
end)
fails("has ended", kept.get, kept, "a")
local leaked
kv.transaction(function(tx) leaked = tx end)
fails("the transaction has ended", function() leaked.kv("tx") end)
fails("kv.transaction: argument 1 (fn) must be a function, got nothing", kv.transaction)
fails("over 4194304 bytes together", kv.transaction, function(tx)
  local t, long = tx.kv("tx"), ("x"):rep(250000)
  for i = 1, 20 do t:set("long" .. i, long) end
end)
return "ok"
