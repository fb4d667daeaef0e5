-- The sensor wakes, calls GET /shelly/climate?hum=46&temp=21.38&id=shellyht-…
-- and sleeps at once: all it has to say is in the query, as text.
local query = ctx.request.query
local temperature, humidity = tonumber(query.temp), tonumber(query.hum)

-- 999 is what the sensor sends when it could not measure.
if not temperature or temperature > 200 or not (query.id or ""):match("^[%w_-]+$") then
  log.warn("not a reading of an H&T: " .. #ctx.request.raw_target .. " bytes")
  return { statusCode = 400, body = "id and temp are missing" }
end

docs.collection("readings"):insert({ sensor = query.id, temperature = temperature, humidity = humidity })
log.info("climate", { sensor = query.id, temperature = temperature, humidity = humidity })
return "ok"
