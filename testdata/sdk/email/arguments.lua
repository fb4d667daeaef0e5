-- Every wrong argument names the function, the field and what was expected.
local function fails(wanted, fn, ...)
  local ok, message = pcall(fn, ...)
  assert(not ok, "did not fail: " .. wanted)
  assert(message:find(wanted, 1, true), message)
end
fails("email.send: argument 1 (message) must be a table, got nothing", email.send)
fails("email.send: argument 1 (message) must be a table, got string", email.send, "ann@example.com")
fails('email.send: argument 1 (message) has the unknown key "body" (known: to', email.send, { to = "a@example.com", body = "x" })
fails('has the unknown key "html"', email.send, { to = "a@example.com", subject = "s", text = "t", html = "x" })
fails('"to" must be an address or a list of addresses', email.send, { to = 5 })
fails('"cc" must be an address or a list of addresses', email.send, { to = "a@example.com", cc = { 5 } })
fails('"to" must be a list', email.send, { to = { ann = "a@example.com" } })
fails('option "subject" must be a string, got number', email.send, { to = "a@example.com", subject = 5 })
fails('option "attachments" must be a table, got string', email.send, { to = "a@example.com", attachments = "x" })
fails('option "attachments" must be a list of tables, got a string in it', email.send, { to = "a@example.com", attachments = { "x" } })
fails('an item of option "attachments" has the unknown key "path" (known: name, data, type)', email.send, { to = "a@example.com", attachments = { { path = "/etc/passwd" } } })
fails("attachments need data", email.send, { to = "a@example.com", attachments = { { name = "a.txt" } } })
fails("email.send_html: html is missing", email.send_html, { to = "a@example.com", subject = "s", text = "t" })

-- Without a mail server every call says which settings are missing.
local message = { to = "a@example.com", subject = "s", text = "t" }
fails("email.send: email is not configured (PICLOUD_SMTP_HOST, ", email.send, message)
message.html = "<b>t</b>"
fails("email.send_html: email is not configured (PICLOUD_SMTP_HOST, ", email.send_html, message)
fails("email.send may not be called inside kv.transaction", kv.transaction, function() return email.send(message) end)
