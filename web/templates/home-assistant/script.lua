-- The rest_command sends {"entity_id": "light.kitchen", "state": "on"}.
local sent = ctx.request.body
local entity = type(sent) == "table" and sent.entity_id
if type(entity) ~= "string" or not entity:match("^[%w_]+%.[%w_]+$") or type(sent.state) ~= "string" then
  return { statusCode = 400, body = { error = "entity_id and state are missing" } }
end

local entities = kv.collection("home_assistant")
local before = entities:get(entity)
entities:set(entity, { state = sent.state, at = time.iso() })

-- light.kitchen becomes the topic home/light/kitchen; triggers of the kind
-- "topic" with the filter home/# run for it. A state that stayed is no event.
if not before or before.state ~= sent.state then
  topics.publish("home/" .. entity:gsub("%.", "/"), { state = sent.state, before = before and before.state or json.null })
end
return { entity_id = entity, state = sent.state }
