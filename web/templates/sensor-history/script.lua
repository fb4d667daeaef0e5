-- POST {"temperature": 21.5} stores a value; GET answers with the last hours.
local readings = docs.collection("readings")
local sensor = ctx.request.params.sensor
local function refuse(why) return { statusCode = 400, body = { error = why } } end
if not sensor:match("^[%w_.-]+$") then return refuse("name the sensor with letters and digits") end

if ctx.request.method == "POST" then
  local sent = ctx.request.body
  local temperature = type(sent) == "table" and tonumber(sent.temperature)
  if not temperature or math.abs(temperature) > 200 then return refuse('send JSON such as {"temperature": 21.5}') end
  readings:insert({ sensor = sensor, temperature = temperature, humidity = tonumber(sent.humidity) })
  return { statusCode = 201, body = { stored = temperature } }
end

local hours = tonumber(ctx.request.query.hours or "24")
if not hours or hours <= 0 or hours > 24 * 31 then return refuse("hours must be 1 to 744") end

-- The index lets the search find one sensor without reading all the others.
readings:ensure_index("sensor")
local since = time.iso(time.now() - hours * 3600)
local count, sum, lowest, highest, latest = 0, 0, nil, nil, nil
for reading in readings:each({ where = { sensor = sensor, created_at = { gte = since } }, sort = { "created_at" } }) do
  local value = reading.data.temperature
  if type(value) == "number" then
    count, sum, latest = count + 1, sum + value, value
    lowest, highest = math.min(lowest or value, value), math.max(highest or value, value)
  end
end
if count == 0 then return { statusCode = 404, body = { error = "no values of this sensor in that time" } } end
return { sensor = sensor, count = count, latest = latest, min = lowest, max = highest, average = sum / count }
