-- want: 507 instruction_limit
-- tostring calls a metamethod that never returns.
return tostring(setmetatable({}, {__tostring = function() while true do end end}))
