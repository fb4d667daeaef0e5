-- dead_letters in an app that has none: empty lists, nil, false, and errors.
local page = dead_letters.list()
assert(#page.items == 0 and page.next_cursor == nil)
assert(json.encode(page.items) == "[]", "an empty list stays a list")
assert(#dead_letters.list({ limit = 10 }).items == 0)

local id = "01890a5d-ac96-774b-bcce-b302099a8057"
assert(dead_letters.get(id) == nil)
assert(dead_letters.replay(id) == false)
assert(dead_letters.resolve(id) == false)
assert(dead_letters.resolve(id, "gone") == false)

local function fails(expected, call, ...)
  local ok, message = pcall(call, ...)
  assert(not ok, "must fail: " .. expected)
  assert(message:find(expected, 1, true), message)
end
fails("option \"limit\" must be 1 to 200", dead_letters.list, { limit = 0 })
fails("limit must be between 1 and 200", dead_letters.list, { limit = 201 })
fails("the cursor is not one that this list gave", dead_letters.list, { cursor = "x" })
fails("has the unknown key \"state\"", dead_letters.list, { state = "open" })
fails("argument 1 (id) must be the id of a dead letter", dead_letters.get, "x")
fails("argument 1 (id) must be a string", dead_letters.replay)
fails("argument 2 (note) must be a string", dead_letters.resolve, id, 5)

-- What a transaction could not take back may not be called inside one.
local inside = { dead_letters.replay, dead_letters.resolve }
for _, call in ipairs(inside) do
  local ok, message = pcall(kv.transaction, function() call(id) end)
  assert(not ok and message:find("inside kv.transaction", 1, true), message)
end
