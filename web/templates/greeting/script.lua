-- The address ends in a name, such as /greet/Ada. The route's pattern is
-- /greet/:name, so that part is in ctx.request.params.name.
local name = ctx.request.params.name
-- Anything may be in an address, also bytes that are no text.
if not pcall(json.encode, name) then return { statusCode = 400, body = "the name is not UTF-8" } end
log.info("greeted", { name = name })

-- A table becomes JSON. Return a string instead, and it is sent as plain text.
return { hello = name, at = time.iso() }
