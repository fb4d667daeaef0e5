-- want: 507 instruction_limit
-- The error value of the limit kept and returned as if nothing had happened.
local kept
local ok, e = pcall(function() while true do end end)
kept = e
return {statusCode = 200, body = tostring(kept)}
