-- route: POST /ha/:domain
-- null is there and not nil: a script can tell "no value" from "not sent".
local body = ctx.request.body
local mode = body.attributes.color_mode
return body.entity_id .. " is " .. body.state .. ", mode " .. (mode == json.null and "null" or tostring(mode))
