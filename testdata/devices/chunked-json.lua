-- route: POST /flow
-- No Content-Length: the body comes in pieces.
local body = ctx.request.body
return { body.topic, body.payload[1] + body.payload[2] }
