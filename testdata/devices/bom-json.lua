-- route: POST /meter
-- A byte order mark in front is no part of the JSON, but it is one of the raw bytes.
local r = ctx.request
return r.body.reading .. " " .. r.body.unit .. ", " .. #r.body_raw .. " bytes, JSON " .. tostring(r.is_json)
