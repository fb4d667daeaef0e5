-- A call looks like GET /shelly/event/temperature?device=08B61F…&temperature=22.5
-- A token for which the device has no value arrives as the text "null".
local query = ctx.request.query
local device, event = query.device or "null", ctx.request.params.event
local plain = "^[%w_.-]+$"
if device == "null" or #device > 64 or not device:match(plain) or not event:match(plain) then
  return { statusCode = 400, body = "device is missing" }
end

local state = { event = event, at = time.iso() }
for name, text in pairs(query) do
  if text ~= "null" and name ~= "device" then state[name] = tonumber(text) or text end
end
if not pcall(json.encode, state) then return { statusCode = 400, body = "the values are not UTF-8" } end

-- The newest state of each device, for whoever asks; losing the last second of
-- it in a power cut does no harm, so the card is spared.
kv.collection("shelly"):set(device, state, { durable = false })
if type(state.temperature) == "number" then
  docs.collection("readings"):insert({ sensor = device, temperature = state.temperature })
end

-- Triggers of the kind "topic" with the filter shelly/# run for this.
topics.publish("shelly/" .. event, { device = device, state = state })
return "ok"
