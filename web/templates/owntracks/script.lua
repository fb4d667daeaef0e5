-- The app posts {"_type":"location","tid":"al","lat":48.2,"lon":16.3,"tst":1716900000}
-- and accepts nothing but a JSON array as the answer.
local sent = ctx.request.body
if type(sent) ~= "table" then return { statusCode = 400, body = json.array() } end

local user = tostring(ctx.request.headers["x-limit-u"] or sent.tid)
local at = tonumber(sent.tst)
if at and (at < 0 or at > 4e9) then at = nil end
if sent._type == "location" and tonumber(sent.lat) and tonumber(sent.lon) then
  kv.collection("positions"):set(user, {
    lat = sent.lat, lon = sent.lon, battery = sent.batt, at = time.iso(at),
  }, { durable = false })
end

-- A region that is set up in the app sends a transition: enter or leave.
if sent._type == "transition" and type(sent.event) == "string" then
  topics.publish("alerts/presence", { title = user, message = sent.event .. " " .. tostring(sent.desc) })
end
return json.array()
