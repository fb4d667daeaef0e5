-- The console calls GET /ambient/&PASSKEY=AA:BB&tempf=68.4&humidity=55: there is
-- no query, so the values are read from the target as it was sent.
local sent = {}
for name, text in ctx.request.raw_target:gmatch("[&?]([^&=]+)=([^&]*)") do
  sent[name] = text:gsub("%+", " ")
end

local fahrenheit = tonumber(sent.tempf)
if not sent.PASSKEY or not fahrenheit then
  return { statusCode = 400, body = "PASSKEY and tempf are missing" }
end

-- The PASSKEY is the console's hardware address; a part of it names the sensor.
local sensor = "ambient-" .. url.decode(sent.PASSKEY):gsub("%X", ""):sub(-6)
docs.collection("readings"):insert({
  sensor = sensor,
  temperature = math.floor((fahrenheit - 32) / 1.8 * 10 + 0.5) / 10,
  humidity = tonumber(sent.humidity),
})
if sent.batt1 == "0" then log.warn("battery of sensor 1 is low") end
return "ok"
