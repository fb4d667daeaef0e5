-- base64.encode and base64.decode, with the vectors of RFC 4648.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

for plain, text in pairs({ [""] = "", f = "Zg==", fo = "Zm8=", foo = "Zm9v", foob = "Zm9vYg==", fooba = "Zm9vYmE=", foobar = "Zm9vYmFy" }) do
  assert(base64.encode(plain) == text)
  assert(base64.decode(text) == plain)
  assert(base64.decode((text:gsub("=", ""))) == plain)
end
local bytes = "\251\239\190\255\0"
assert(base64.encode(bytes) == "+++++/8A" or base64.encode(bytes) == "++++/wA=")
assert(base64.encode(bytes, { url = true }) == "----_wA")
assert(base64.decode("----_wA", { url = true }) == bytes)
assert(base64.decode("----_wA=", { url = true }) == bytes)
assert(base64.encode(bytes, { url = false }) == base64.encode(bytes))
assert(base64.decode("Zm9v\r\nYmFy\r\n") == "foobar")
assert(base64.decode(base64.encode(string.rep("\0\255", 1000))) == string.rep("\0\255", 1000))

fails("base64.decode: argument 1 (text) is not base64 (at byte 3)", base64.decode, "Zm-v")
fails("is not base64", base64.decode, "Zm9v=YmFy")
fails("is not base64", base64.decode, "Z")
fails("is not base64", base64.decode, "++++/wA=", { url = true })
fails("base64.encode: argument 1 (data) must be a string, got nothing", base64.encode)
fails("base64.encode: argument 1 (data) must be a string, got number", base64.encode, 5)
fails('unknown key "urlsafe" (known: url)', base64.encode, "x", { urlsafe = true })
fails('option "url" must be true or false, got string', base64.decode, "x", { url = "yes" })
fails("argument 2 (options) must be a table, got boolean", base64.decode, "x", true)
return "ok"
