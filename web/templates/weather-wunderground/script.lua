-- The station sends a GET with imperial units, and -9999 where it has no sensor.
local query = ctx.request.query
local function value(name)
  local n = tonumber(query[name])
  if n and n > -9999 then return n end
end

local fahrenheit = value("tempf")
if not (query.ID or ""):match("^[%w_-]+$") or not fahrenheit then
  return { statusCode = 400, body = "ID and tempf are missing" }
end

local rain = value("dailyrainin")
docs.collection("readings"):insert({
  sensor = query.ID,
  temperature = math.floor((fahrenheit - 32) / 1.8 * 10 + 0.5) / 10,
  humidity = value("humidity"),
  rain_mm = rain and math.floor(rain * 254 + 0.5) / 10,
})

-- The station expects this word; anything else, and it sends again.
return "success"
