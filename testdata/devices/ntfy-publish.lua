-- route: POST /alerts
-- curl -d calls any text a form; headers carry UTF-8; one header comes twice.
local r = ctx.request
return "[" .. r.headers.priority .. "] " .. r.headers.title .. " (" .. r.headers.tags .. "): " .. r.body_raw
