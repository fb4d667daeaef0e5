-- route: POST /tasmota
-- WebQuery sends no Content-Type: the body is JSON because it looks like JSON.
local r = ctx.request
if not r.is_json then return { statusCode = 400, body = "JSON was expected" } end
return "power " .. r.body.ENERGY.Power .. " W, total " .. r.body.ENERGY.Total .. " kWh"
