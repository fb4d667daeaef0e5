-- Every wrong argument names the function, the argument and what was expected.
local function fails(wanted, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok, "did not fail: " .. wanted)
  assert(message:find(wanted, 1, true), message)
end
local here = "http://127.0.0.1:9/"
fails("http.get: argument 1 (url) must be a string, got nothing", http.get)
fails("http.get: argument 1 (url) must begin with http:// or https://", http.get, "ftp://example.com/")
fails("http.get: argument 1 (url) holds a user name; give it in the option auth", http.get, "http://a:b@example.com/")
fails("argument 1 (url) a host that ends in a number must be an address", http.get, "http://2130706433/")
fails("http.get: argument 2 (options) must be a table, got string", http.get, here, "fast")
fails('http.get: argument 2 (options) has the unknown key "timeout" (known: headers', http.get, here, { timeout = 5 })
fails('http.post: argument 3 (options) has the unknown key "retry"', http.post, here, nil, { retry = 5 })
fails('option "timeout_ms" must be a whole number from 1 to 300000', http.get, here, { timeout_ms = 0 })
fails('option "timeout_ms" must be a whole number, got string', http.get, here, { timeout_ms = "1" })
fails('option "follow_redirects" must be a whole number from 0 to 10', http.get, here, { follow_redirects = 11 })
fails('option "max_bytes" must be a whole number from 1 to 10485760', http.get, here, { max_bytes = 2 ^ 30 })
fails('option "json" must be true or false', http.get, here, { json = 1 })
fails('option "headers" must be a table', http.get, here, { headers = "a: b" })
fails('option "headers": "Host" is set by PiCloud', http.get, here, { headers = { Host = "example.com" } })
fails('"X-A" has a value with a line break', http.get, here, { headers = { ["X-A"] = "a\r\nX-B: c" } })
fails('"a b" is not a header', http.get, here, { headers = { ["a b"] = "c" } })
fails('option "headers" must be a table of names and values', http.get, here, { headers = { "a: b" } })
fails('option "query": "a" must be a string, a number, a boolean or a list', http.get, here, { query = { a = print } })
fails("the URL is over 8192 bytes with its query", http.get, here, { query = { a = ("x"):rep(9000) } })
fails("argument 1 (url) is over 8192 bytes", http.get, here .. ("\255"):rep(4000))
fails('option "query": "a" must be a list', http.get, here, { query = { a = { b = 1 } } })
fails('option "form": "a" must be a list', http.post, here, nil, { form = { a = { b = 1 } } })
fails('option "headers": "a" must be a list', http.get, here, { headers = { a = { b = "1" } } })
fails('option "auth" has the unknown key "token" (known: user, password, digest)', http.get, here, { auth = { token = "x" } })
fails('option "auth" needs user and password', http.get, here, { auth = { user = "x" } })
fails('option "auth" needs user and password', http.get, here, { auth = { password = "x" } })
fails('a user with a colon', http.get, here, { auth = { user = "a:b", password = "x" } })
fails("http.post: argument 2 (body) must be a table or a string, got number", http.post, here, 5)
fails("http.post: argument 2: body.f is a function", http.post, here, { f = print })
fails('http.post: give either a body or the option "form"', http.post, here, "x", { form = { a = 1 } })
fails("http.request: argument 1 (method) may not be CONNECT or TRACE", http.request, "connect", here)
fails("http.request: argument 1 (method) must be a method such as GET", http.request, "GET /", here)

-- What is not open says so, in a category and without an address.
for url, category in pairs({
  ["http://127.0.0.1:8080/"] = "loopback", ["http://[::1]:8080/"] = "loopback", ["http://192.168.1.1/"] = "private", ["https://10.0.0.1/"] = "private",
  ["http://169.254.169.254/"] = "link_local", ["http://0.0.0.0:8080/"] = "unspecified", ["http://192.0.2.1:22/"] = "reserved",
}) do
  for _, call in ipairs({ http.get, http.delete, http.head, http.post, http.put, http.patch }) do
    local ok, message = pcall(call, url)
    assert(not ok and message:find("blocked:" .. category .. ": ", 1, true), message)
    assert(not message:find("%d+%.%d+%.%d+%.%d+"), message)
  end
end

-- A transaction may run again, so nothing in it leaves the house.
local ok, message = pcall(kv.transaction, function() return http.get(here) end)
assert(not ok and message:find("http.get may not be called inside kv.transaction", 1, true), message)
