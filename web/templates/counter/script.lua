-- Counters are key-value entries: collection "counters", key = name.
local counters = kv.collection("counters")
local name = ctx.request.params.name
if not name:match("^[%w_.-]+$") or #name > 100 then
  return { statusCode = 400, body = { error = "name it with letters and digits" } }
end

if ctx.request.method ~= "POST" then return { name = name, count = counters:get(name) or 0 } end

-- POST /counter/coffee?by=2 adds two.
local by = tonumber(ctx.request.query.by or "1")
if not by or by % 1 ~= 0 or math.abs(by) > 1e6 then
  return { statusCode = 400, body = { error = "by must be a whole number" } }
end

-- incr is one step: two calls at the same moment never lose a count.
return { name = name, count = counters:incr(name, by) }
