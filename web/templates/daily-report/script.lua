-- Gathers what the device templates have stored in "readings" since yesterday.
local since = time.iso(time.now() - 24 * 3600)
local sensors, names = {}, {}
for reading in docs.collection("readings"):each({ where = { created_at = { gte = since } } }) do
  local name, value = reading.data.sensor, reading.data.temperature
  if type(name) == "string" and type(value) == "number" then
    local s = sensors[name]
    if not s then
      s = { low = value, high = value, sum = 0, count = 0 }
      sensors[name], names[#names + 1] = s, name
    end
    s.low, s.high = math.min(s.low, value), math.max(s.high, value)
    s.sum, s.count = s.sum + value, s.count + 1
  end
end

table.sort(names)
local lines = {}
for _, name in ipairs(names) do
  local s = sensors[name]
  lines[#lines + 1] = ("%s: %.1f to %.1f °C, %.1f on average (%d values)"):format(name, s.low, s.high, s.sum / s.count, s.count)
end
if #lines == 0 then lines[1] = "No sensor has sent a value since yesterday." end

email.send({ to = secrets.get("ALERT_EMAIL"), subject = "Your sensors since yesterday", text = table.concat(lines, "\n") })
log.info("report sent", { sensors = #names })
