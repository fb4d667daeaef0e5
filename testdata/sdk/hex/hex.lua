-- hex.encode and hex.decode.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

assert(hex.encode("") == "" and hex.decode("") == "")
assert(hex.encode("\0\1\171\255") == "0001abff")
assert(hex.decode("0001abFF") == "\0\1\171\255")
fails("hex.decode: argument 1 (text) is not hexadecimal (at byte 3)", hex.decode, "00xx")
fails("is not hexadecimal (at byte 4)", hex.decode, "000x")
fails("must have an even number of digits, got 3", hex.decode, "abc")
fails("hex.encode: argument 1 (data) must be a string, got table", hex.encode, {})
fails("hex.decode: argument 1 (text) must be a string, got nothing", hex.decode)
return "ok"
