-- Runs for each event published under alerts/, with {title, message}.
local alert = ctx.event.payload
local body = {
  topic = ctx.event.topic,
  title = type(alert) == "table" and alert.title or "PiCloud",
  message = type(alert) == "table" and alert.message or tostring(alert),
}

local webhook = "/api/webhook/" .. url.encode(secrets.get("HOME_ASSISTANT_WEBHOOK"))
local answer = http.post("http://" .. secrets.get("HOME_ASSISTANT_HOST") .. ":8123" .. webhook, body, { timeout_ms = 5000 })

-- An error makes PiCloud try again later, five times in all; what still fails
-- is kept under Dead letters.
if answer.status >= 400 then error("Home Assistant answered " .. answer.status) end
log.info("passed on", { title = body.title })
