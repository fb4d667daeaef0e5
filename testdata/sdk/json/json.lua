-- json.encode, json.decode, json.array and json.null.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

assert(json.encode({ 1, "two", true }) == '[1,"two",true]')
assert(json.encode({ b = 1, a = json.null }) == '{"b":1,"a":null}')
assert(json.encode(nil) == "null")
assert(json.encode({}) == "{}")
assert(json.encode(json.array()) == "[]")
assert(json.encode(json.array({ 1, 2 })) == "[1,2]")
assert(json.encode({ list = json.decode("[]") }) == '{"list":[]}')

local list = json.decode('[1,2]')
list[#list + 1] = 3
assert(json.encode(list) == "[1,2,3]")

assert(json.decode("9007199254740992") == 9007199254740992)
assert(json.decode("9007199254740993") == "9007199254740993")
assert(json.decode('"\\ud83d\\ude00"') == "😀")
assert(json.decode("null") == json.null)
assert(json.decode('{"a":1,"a":2}').a == 2)
assert(tostring(json.null) == "null")

fails("value.f is a function", json.encode, { f = print })
fails("not a number (NaN)", json.encode, 0 / 0)
fails("not UTF-8", json.encode, { "\255" })
local cycle = {}
cycle.me = cycle
fails("value.me contains itself", json.encode, cycle)
fails("has a gap at 1", json.array, { nil, 2 })
fails("must be a list", json.array, { a = 1 })
fails("at byte 2", json.decode, "{")
fails("argument 1 (text) must be a string, got number", json.decode, 5)
fails("read-only", function() json.encode = nil end)
fails("", function() json.null.x = 1 end)
return "ok"
