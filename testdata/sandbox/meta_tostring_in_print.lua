-- want: 507 instruction_limit
-- print calls a metamethod that never returns.
print(setmetatable({}, {__tostring = function() while true do end end}))
