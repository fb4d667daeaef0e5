-- want: 507 memory_limit or 507 instruction_limit
-- Each gsub doubles the string.
local s = "x"
while true do s = s:gsub(".", "%0%0") end
