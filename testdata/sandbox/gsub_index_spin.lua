-- want: 507 instruction_limit
-- A replacement table whose __index never returns.
return (("x"):gsub(".", setmetatable({}, {__index = function() while true do end end})))
