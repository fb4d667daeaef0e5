-- want: 502 invalid_response or 507 memory_limit
-- Headers without end.
local h = {}
for i = 1, 60000 do h["X-" .. i] = "v" end
return {statusCode = 200, headers = h, body = "x"}
