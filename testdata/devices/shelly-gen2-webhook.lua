-- route: GET /shelly/event/:event
-- Gen2 fills ${...} tokens into the URL; a token without a value becomes the text null.
local q = ctx.request.query
local power = tonumber(q.apower)
return ctx.request.params.event .. " in " .. q.name .. ": " .. q.tC .. " C, power " .. (power and q.apower or "unknown")
