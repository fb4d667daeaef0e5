-- Runs for each event published under alerts/, with {title, message}.
local alert = ctx.event.payload
local text = tostring(alert)
if type(alert) == "table" then
  text = tostring(alert.title or "PiCloud") .. "\n" .. tostring(alert.message or "")
end

local address = "https://api.telegram.org/bot" .. secrets.get("TELEGRAM_TOKEN") .. "/sendMessage"
local answer = http.post(address, { chat_id = secrets.get("TELEGRAM_CHAT"), text = text:sub(1, 4000) }, { timeout_ms = 8000 })

-- Telegram says how many seconds to wait when it is asked too often.
if answer.status == 429 then
  local parameters = type(answer.body) == "table" and answer.body.parameters
  return { retry_after = type(parameters) == "table" and tonumber(parameters.retry_after) or 60 }
end
if answer.status ~= 200 then
  local reason = type(answer.body) == "table" and answer.body.description or answer.status
  error("Telegram did not take the message: " .. tostring(reason))
end
