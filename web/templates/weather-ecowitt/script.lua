-- The gateway posts a form with imperial units.
local form = ctx.request.body
if type(form) ~= "table" or not form.PASSKEY then
  return { statusCode = 400, body = "this is no report of a gateway" }
end

local function celsius(text)
  local fahrenheit = tonumber(text)
  return fahrenheit and math.floor((fahrenheit - 32) / 1.8 * 10 + 0.5) / 10
end

local readings = docs.collection("readings")
local station = tostring(form.model):match("^[%w_.-]+$") or "ecowitt"
local stored = 0
for place, fields in pairs({ outdoor = { "tempf", "humidity" }, indoor = { "tempinf", "humidityin" } }) do
  local temperature = celsius(form[fields[1]])
  if temperature then
    readings:insert({ sensor = station .. " " .. place, temperature = temperature, humidity = tonumber(form[fields[2]]) })
    stored = stored + 1
  end
end
log.info("stored", { station = station, readings = stored })
return "ok"
