-- want: 507 memory_limit
-- Long strings, decoded and kept.
local text, keep = '"' .. ("x"):rep(2^21) .. '"', {}
while true do keep[#keep + 1] = json.decode(text) end
