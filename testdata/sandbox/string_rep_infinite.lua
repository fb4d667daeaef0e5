-- want: 507 memory_limit or 502 script_error or 200
-- A count of infinity and one that is not a number.
local s = string.rep("", math.huge)
return #string.rep("x", math.huge), #string.rep("x", 0/0), s
