-- One message: {"topic":"zigbee2mqtt/hall door","payload":{"contact":false,"battery":80}}
local sent = ctx.request.body
local topic = type(sent) == "table" and sent.topic
local device = type(topic) == "string" and topic:match("^zigbee2mqtt/(.+)$")
if not device or #device > 200 or type(sent.payload) ~= "table" then
  return { statusCode = 400, body = { error = "topic and payload of a Zigbee2MQTT device are missing" } }
end

local devices = kv.collection("zigbee")
local before = devices:get(device) or {}
devices:set(device, sent.payload, { durable = false })

-- A contact sensor says contact = false when the door opens.
if before.contact ~= false and sent.payload.contact == false then
  topics.publish("alerts/door", { title = device, message = "was opened" })
end
local battery = tonumber(sent.payload.battery)
if battery and battery < 15 then log.warn("battery low", { device = device, percent = battery }) end
return { device = device }
