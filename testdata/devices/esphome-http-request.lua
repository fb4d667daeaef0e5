-- route: POST /esphome/:node
-- In its map form the component sends strings only.
local body = ctx.request.body
return { node = ctx.request.params.node, hot = tonumber(body.temperature) > 60 }
