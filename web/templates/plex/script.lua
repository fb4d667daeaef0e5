-- Plex posts a form with the event as JSON in the field "payload", and
-- sometimes with a picture beside it.
local body = ctx.request.body
local payload = type(body) == "table" and body.fields and body.fields.payload
local ok, event = pcall(json.decode, payload or "")
if not ok or type(event) ~= "table" or type(event.event) ~= "string" then
  return { statusCode = 400, body = "no payload of Plex" }
end

local verb = event.event:match("^media%.(%a+)$")
if not verb or type(event.Metadata) ~= "table" or type(event.Player) ~= "table" then return "ignored" end

-- Of a series, grandparentTitle is its name and title that of the episode.
local media, player = event.Metadata, tostring(event.Player.title)
local playing = { event = verb, title = media.title, series = media.grandparentTitle, at = time.iso() }
kv.collection("plex"):set(player, playing, { durable = false })

-- play and resume both start it, for whoever dims the light.
topics.publish("plex/" .. verb, { player = player, title = media.title })
return "ok"
