-- A module that hoards while it loads.
local t = {}
while true do t[#t + 1] = {} end
