-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- White space is read byte by byte.
local text = (" "):rep(4000000) .. "1"
while true do json.decode(text) end
