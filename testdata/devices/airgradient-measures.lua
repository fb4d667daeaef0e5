-- route: POST /sensors/:device/measures
-- The device's id in the path has a colon; some numbers come as text.
local body = ctx.request.body
return ctx.request.params.device .. ": CO2 " .. body.rco2 .. " ppm, PM2.5 " .. tonumber(body.pm02) .. ", " .. body.atmp .. " C"
