-- The functions of random.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local seen = {}
for _ = 1, 300 do
  local n = random.int(-1, 2)
  assert(n >= -1 and n <= 2 and n % 1 == 0)
  seen[n] = true
  local f = random.float()
  assert(f >= 0 and f < 1)
end
assert(seen[-1] and seen[0] and seen[1] and seen[2], "300 draws of four numbers missed one")
assert(random.int(5, 5) == 5)
local large = random.int(-9007199254740992, 9007199254740992)
assert(large % 1 == 0)

assert(#random.bytes(0) == 0 and #random.bytes(100) == 100)
assert(random.string(40):match("^%w+$") and #random.string(40) == 40)
assert(random.string(8, "x") == "xxxxxxxx")
assert(random.string(30, "01"):match("^[01]+$"))
assert(random.string(20) ~= random.string(20))
local many, counts = random.string(5000, "ab"), { a = 0, b = 0 } -- more than is drawn at once
for c in many:gmatch(".") do counts[c] = counts[c] + 1 end
assert(counts.a + counts.b == 5000 and counts.a > 2000 and counts.b > 2000)
assert(many:sub(1, 500) ~= many:sub(501, 1000))

assert(random.choice({}) == nil)
assert(random.choice({ "only" }) == "only")
local list = {}
for i = 1, 50 do list[i] = i end
local shuffled = random.shuffle(list)
assert(shuffled ~= list and #shuffled == 50 and list[1] == 1 and list[50] == 50)
local sum = 0
for _, v in ipairs(shuffled) do sum = sum + v end
assert(sum == 1275)
assert(json.encode(shuffled) ~= json.encode(list), "50 items came back in order")
assert(json.encode(random.shuffle({})) == "[]")

local hexes = "^%x%x%x%x%x%x%x%x%-%x%x%x%x%-"
assert(random.uuid():match(hexes .. "4%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"))
local id = random.uuid7()
assert(id:match(hexes .. "7%x%x%x%-[89ab]%x%x%x%-%x%x%x%x%x%x%x%x%x%x%x%x$"))
local ms = tonumber(id:sub(1, 8) .. id:sub(10, 13), 16)
assert(math.abs(ms / 1000 - time.now()) < 5, "the time in " .. id)
assert(random.uuid() ~= random.uuid())

fails("random.int: argument 1 (low) must be a whole number, got nothing", random.int)
fails("random.int: argument 2 (high) must be from 6 to 9007199254740992, got 1", random.int, 6, 1)
fails("random.int: argument 1 (low) must be a whole number, got string", random.int, "1", 6)
fails("random.bytes: argument 1 (n) must be from 0 to 4194304, got -1", random.bytes, -1)
fails("random.string: argument 2 (alphabet) must have 1 to 256 bytes, got 0", random.string, 4, "")
fails("random.string: argument 2 (alphabet) must have 1 to 256 bytes, got 300", random.string, 4, string.rep("a", 300))
fails("random.choice: argument 1 (list) must be a table, got string", random.choice, "abc")
fails("random.shuffle: argument 1 (list) must be a table, got nothing", random.shuffle)
return "ok"
