-- want: 507 memory_limit
-- Two million numbers in four megabytes of text.
local text = "[" .. ("1,"):rep(2000000) .. "1]"
return #json.decode(text)
