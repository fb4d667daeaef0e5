-- The functions of url.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

assert(url.encode("warm & cold/é") == "warm%20%26%20cold%2F%C3%A9")
assert(url.encode("AZaz09-_.~") == "AZaz09-_.~")
assert(url.encode("") == "")
assert(url.decode("warm%20%26%20cold+%2f") == "warm & cold+/")
local every = {}
for i = 0, 255 do every[#every + 1] = string.char(i) end
every = table.concat(every)
assert(url.decode(url.encode(every)) == every)

local parts = url.parse("https://ada:s%40cret@pi.local:8443/a%20b/c?room=hall&n=1&n=2&raw=%zz&empty#top")
assert(parts.scheme == "https" and parts.user == "ada" and parts.password == "s@cret" and parts.host == "pi.local" and parts.port == 8443)
assert(parts.path == "/a b/c" and parts.fragment == "top")
assert(parts.query.room == "hall" and parts.query.n == "2" and parts.query.raw == "%zz" and parts.query.empty == "")
local short = url.parse("?a=1&b=x+y%26")
assert(short.scheme == nil and short.host == nil and short.port == nil and short.path == "" and short.query.a == "1" and short.query.b == "x y&")
assert(url.parse("http://[fe80::1]:80/").host == "fe80::1")
assert(url.parse("").path == "")

assert(url.build({ scheme = "http", host = "192.168.1.31", path = "/rpc/Switch.Set", query = { id = 0, on = true } })
  == "http://192.168.1.31/rpc/Switch.Set?id=0&on=true")
assert(url.build({ scheme = "http", host = "fe80::1", port = 8080, path = "x y" }) == "http://[fe80::1]:8080/x%20y")
assert(url.build({ host = "pi", user = "ada", password = "a:b@c" }) == "//ada:a%3Ab%40c@pi")
assert(url.build({ path = "/only", fragment = "a b" }) == "/only#a%20b")
assert(url.build({ path = "/p", query = "a=1&raw" }) == "/p?a=1&raw")
assert(url.build({}) == "")
for _, text in ipairs({ "https://ada:s%40cret@pi.local:8443/a%20b/c?n=2&room=hall#top", "/x?a=1", "http://[fe80::1]:80/" }) do
  assert(url.build(url.parse(text)) == text, url.build(url.parse(text)))
end

assert(url.query({ b = "x y", a = 1.5, c = { "1", true, 3 } }) == "a=1.5&b=x+y&c=1&c=true&c=3")
assert(url.query({}) == "")
assert(url.query({ ["ü&"] = "=" }) == "%C3%BC%26=%3D")
assert(url.query(ctx.request.query) == "" and url.query(ctx.request.query_all) == "")
local many = {}
for i = 1, 5000 do many["sensor" .. i] = ("x"):rep(40) end
assert(#url.query(many) > 5000 * 45, "a long query costs about its length")

fails("url.encode: argument 1 (text) must be a string, got number", url.encode, 1)
fails("url.decode: argument 1 (text) has a % that is not followed by two hexadecimal digits", url.decode, "100%")
fails("url.parse: argument 1 (text) is not a URL (missing ']' in host)", url.parse, "http://[::1/")
fails("url.parse: argument 1 (text) is not a URL (invalid control character in URL)", url.parse, "http://a\nb/")
fails("is not a URL (invalid port", url.parse, "http://a:b/")
fails("url.build: argument 1 (parts) must be a table, got nothing", url.build)
fails('url.build: argument 1 (parts) has the unknown key "hostname"', url.build, { hostname = "x" })
fails('url.build: option "port" must be from 1 to 65535 and needs a host', url.build, { host = "x", port = 70000 })
fails('option "port" must be from 1 to 65535 and needs a host', url.build, { port = 80 })
fails('url.build: option "host" must be a name or an address', url.build, { host = "evil/path" })
fails('option "host" must be a name or an address', url.build, { host = "a@b" })
fails('url.build: option "scheme" must be a letter', url.build, { scheme = "ht tp", host = "x" })
fails('url.build: option "query" must be a table, got number', url.build, { query = 5 })
fails('url.query: argument 1 (fields): "a" must be a string, a number, a boolean or a list of those, got function', url.query, { a = print })
fails("url.query: argument 1 (fields) must be a table of names and values, got a number as a name", url.query, { "x" })
fails('url.query: argument 1 (fields): "a" must be a list', url.query, { a = { b = 1 } })
fails('"a" must be a string, a number, a boolean or a list of those, got table', url.query, { a = { 1, { 2 } } })
fails('url.build: option "query": "a" must be a list', url.build, { query = { a = { 1, nil, 3, x = 1 } } })
return "ok"
