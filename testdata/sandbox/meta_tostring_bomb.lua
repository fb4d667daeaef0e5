-- want: 507 memory_limit
-- tostring calls a metamethod that returns more than one string may hold.
return tostring(setmetatable({}, {__tostring = function() return ("x"):rep(2^20):rep(2^10) end}))
