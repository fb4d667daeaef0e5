-- WebQuery sends {"plug":"tasmota_1234","power":41} without a content type;
-- PiCloud reads it as JSON because it looks like JSON.
local sent = ctx.request.body
local power = type(sent) == "table" and tonumber(sent.power)
if not power or type(sent.plug) ~= "string" or sent.plug == "" then
  return { statusCode = 400, body = "plug and power are missing" }
end

local running_above = 10 -- watts; below, the machine counts as finished
local plugs = kv.collection("plugs")
local before = plugs:get(sent.plug)
local running = power > running_above
plugs:set(sent.plug, { power = power, running = running }, { durable = false })

-- Only the change from running to finished is worth a message.
if before and before.running and not running then
  topics.publish("alerts/finished", { title = sent.plug, message = "has finished" })
  log.info("finished", { plug = sent.plug })
end
return { running = running }
