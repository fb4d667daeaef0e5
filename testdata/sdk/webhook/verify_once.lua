-- webhook.verify and webhook.once.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local secret = secrets.get("GITHUB_SECRET")
local ok, reason = webhook.verify({ provider = "github", secret = secret })
assert(ok == false and reason == "the header X-Hub-Signature-256 is missing", reason)
ok, reason = webhook.verify({ provider = "stripe", secret = secret, tolerance = 60 })
assert(ok == false and reason == "the header Stripe-Signature is missing", reason)
for _, provider in ipairs({ "slack", "shopify", "telegram", "standard", "token", "basic" }) do
  assert(webhook.verify({ provider = provider, secret = "x" }) == false)
end
assert(webhook.verify({ provider = "hmac", secret = "x", header = "X-Sig", algorithm = "sha1", template = "v0:{body}" }) == false)
fails("webhook.verify: argument 1 (options) must be a table, got nothing", webhook.verify)
fails("unknown key \"algoritm\"", webhook.verify, { provider = "hmac", secret = "x", algoritm = "sha1" })
fails('option "provider" is missing', webhook.verify, { secret = "x" })
fails('option "secret" is missing', webhook.verify, { provider = "github" })
fails('option "secret" must be a string', webhook.verify, { provider = "github", secret = 5 })
fails('option "provider": the provider is one of github', webhook.verify, { provider = "gitbub", secret = "x" })
fails('option "tolerance": this scheme signs no time', webhook.verify, { provider = "github", secret = "x", tolerance = 5 })
fails('option "tolerance": the tolerance is 1 to 86400 seconds', webhook.verify, { provider = "slack", secret = "x", tolerance = 0 })
fails('option "header": hmac needs the header', webhook.verify, { provider = "hmac", secret = "x" })
fails('option "in": the provider github has no use for in', webhook.verify, { provider = "github", secret = "x", ["in"] = "query:k" })

assert(webhook.once("first") == true)
assert(webhook.once("first") == false)
assert(webhook.once("second", 60) == true)
fails("webhook.once: argument 1 (id) must be a string, got nothing", webhook.once)
fails("webhook.once: argument 1 (id) must be 1 to 1024 bytes long", webhook.once, "")
fails("webhook.once: argument 1 (id) must be 1 to 1024 bytes long", webhook.once, ("x"):rep(1025))
fails("webhook.once: argument 2 (ttl) must be a whole number", webhook.once, "third", 1.5)
fails("webhook.once: argument 2 (ttl) must be 1 to 2592000 seconds", webhook.once, "third", 0)
fails("webhook.once: argument 2 (ttl) must be 1 to 2592000 seconds", webhook.once, "third", 2592001)
return "ok"
