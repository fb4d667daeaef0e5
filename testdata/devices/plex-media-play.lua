-- route: POST /plex
-- JSON in one part, a picture with every byte value in the other.
local body = ctx.request.body
local event = json.decode(body.fields.payload)
local thumb = body.files.thumb
return event.event .. ": " .. event.Metadata.title .. ", " .. thumb.filename .. " " .. thumb.type .. " " .. #thumb.data .. " bytes"
