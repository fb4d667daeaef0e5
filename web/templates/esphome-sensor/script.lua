-- In this form the component sends each value as text: {"temperature":"61.3"}
local sent = ctx.request.body
local temperature = type(sent) == "table" and tonumber(sent.temperature)
local node = ctx.request.params.node

-- A sensor that has no value yet sends "nan", which tonumber does not take.
if not temperature or math.abs(temperature) > 200 or not node:match("^[%w_.-]+$") then
  log.warn("no temperature in the request")
  return { statusCode = 400, body = { error = "temperature must be a number" } }
end

local reading = { sensor = node, temperature = temperature, humidity = tonumber(sent.humidity) }
docs.collection("readings"):insert(reading)
return reading
