-- Digests and signatures, with vectors of the RFCs and FIPS 180.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

assert(crypto.sha256("abc") == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
assert(crypto.sha256("") == "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
assert(crypto.sha1("abc") == "a9993e364706816aba3e25717850c26c9cd0d89d")
assert(crypto.md5("abc") == "900150983cd24fb0d6963f7d28e17f72")
assert(crypto.md5("abc", { encoding = "base64" }) == "kAFQmDzST7DWlj99KOF/cg==")
assert(hex.encode(crypto.sha256("abc", { encoding = "raw" })) == crypto.sha256("abc"))
assert(crypto.sha256("abc", { encoding = "hex" }) == crypto.sha256("abc"))
-- a text of many pieces: one million times "a" (FIPS 180)
assert(crypto.sha256(string.rep("a", 1000000)) == "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0")

-- RFC 4231, RFC 2202
assert(crypto.hmac("sha256", "Jefe", "what do ya want for nothing?") == "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
assert(crypto.hmac("sha512", "Jefe", "what do ya want for nothing?"):sub(1, 16) == "164b7a7bfcf819e2")
assert(crypto.hmac("sha1", "Jefe", "what do ya want for nothing?") == "effcdf6ae5eb2fa2d27416d5f184df9c259a7c79")
assert(crypto.hmac("md5", "Jefe", "what do ya want for nothing?") == "750c783e6ab0b503eaa86e310a5db738")

assert(crypto.equal("abc", "abc") == true)
assert(crypto.equal("abc", "abd") == false)
assert(crypto.equal("abc", "abcd") == false)
assert(crypto.equal("", "") == true)

assert(#crypto.random(0) == 0 and #crypto.random(32) == 32)
assert(crypto.random(16) ~= crypto.random(16))

fails("crypto.sha256: argument 1 (data) must be a string, got nothing", crypto.sha256)
fails('crypto.sha1: option "encoding" must be one of hex, base64, raw, got "HEX"', crypto.sha1, "x", { encoding = "HEX" })
fails('crypto.md5: argument 2 (options) has the unknown key "enc" (known: encoding)', crypto.md5, "x", { enc = "raw" })
fails('crypto.hmac: argument 1 (algorithm) must be one of sha256, sha512, sha1, md5, got "sha3"', crypto.hmac, "sha3", "k", "d")
fails("crypto.hmac: argument 2 (key) must be a string, got nothing", crypto.hmac, "sha256")
fails("crypto.hmac: argument 3 (data) must be a string, got number", crypto.hmac, "sha256", "k", 1)
fails("crypto.equal: argument 2 (b) must be a string, got nothing", crypto.equal, "a", nil)
fails("crypto.random: argument 1 (n) must be from 0 to 4194304, got -1", crypto.random, -1)
fails("crypto.random: argument 1 (n) must be a whole number, got 1.5", crypto.random, 1.5)
fails("crypto.random: argument 1 (n) must be from 0 to 4194304, got 1000000000", crypto.random, 1000000000)
return "ok"
