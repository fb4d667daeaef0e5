-- route: POST /data/report/
-- The gateway writes HOST in capitals without a blank after the colon.
local form = ctx.request.body
local celsius = (tonumber(form.tempf) - 32) * 5 / 9
return string.format("%s on %s: %.1f C outside", form.model, form.dateutc, celsius)
