-- want: 507 memory_limit
-- Two million empty objects in four megabytes of text.
local text = "[" .. ("{},"):rep(1300000) .. "{}]"
return #json.decode(text)
