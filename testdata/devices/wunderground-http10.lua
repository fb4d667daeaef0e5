-- route: GET /weatherstation/updateweatherstation.php
-- HTTP/1.0 without Host; -9999 stands for "no sensor"; a parameter's name has a dot.
local q = ctx.request.query
log.info("station", { id = q.ID, when = q.dateutc, dust = q["AqPM2.5"] ~= "-9999" and q["AqPM2.5"] or nil })
return "success"
