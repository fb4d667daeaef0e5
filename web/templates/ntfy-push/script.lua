-- Runs for each event published under alerts/, with {title, message}.
local alert = ctx.event.payload
if type(alert) ~= "table" then alert = { message = tostring(alert) } end

-- The address of a topic is server/topic; as JSON, the topic is a field, and
-- text of any language arrives as it is.
local server, topic = secrets.get("NTFY_URL"):match("^(https?://[^/]+)/([^/]+)$")
if not server then error("NTFY_URL must look like https://ntfy.sh/my-topic") end

local answer = http.post(server, {
  topic = topic,
  title = tostring(alert.title or "PiCloud"),
  message = tostring(alert.message or "An alert without a message"),
  tags = { "house" },
}, { timeout_ms = 8000 })

-- An error makes PiCloud try again later. 429 says that we send too much: wait.
if answer.status == 429 then return { retry_after = 300 } end
if answer.status >= 400 then error("ntfy answered " .. answer.status) end
