-- route: GET /shelly/ht
-- A Gen1 sensor wakes, sends everything in the query, and sleeps at once.
local q = ctx.request.query
log.info("climate", { device = q.id, temperature = tonumber(q.temp), humidity = tonumber(q.hum) })
return q.id .. ": " .. q.temp .. " C, " .. q.hum .. " %"
