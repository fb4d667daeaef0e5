-- route: POST /hooks/github
-- The same push from a hook that is set to form encoding: JSON in the field payload.
local push = json.decode(ctx.request.body.payload)
return ctx.request.headers["x-github-event"] .. " to " .. push.repository.full_name .. ": " .. push.commits[1].message
