-- route: POST /owntracks
-- The app accepts nothing but a JSON array, so an empty one must not become {}.
local r = ctx.request
log.info("position", { user = r.headers["x-limit-u"], lat = r.body.lat, lon = r.body.lon })
return json.array()
