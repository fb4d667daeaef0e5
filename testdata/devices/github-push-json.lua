-- route: POST /hooks/github
-- Text arrives as UTF-8; the signature is over the raw bytes, which body_raw has.
local r = ctx.request
local signature = r.headers["x-hub-signature-256"]
if not signature or #signature ~= 71 or #r.body_raw == 0 then return { statusCode = 401, body = "not signed" } end
return r.headers["x-github-event"] .. " to " .. r.body.repository.full_name .. ": " .. r.body.commits[1].message
