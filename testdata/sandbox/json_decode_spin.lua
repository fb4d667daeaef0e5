-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=500
-- Decoding for ever.
local text = "[" .. ("[],"):rep(1000) .. "1]"
while true do json.decode(text) end
