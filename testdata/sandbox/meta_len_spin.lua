-- want: 507 instruction_limit or 200 0
-- A length that never comes: Lua 5.1 asks no __len of a table, gopher-lua does.
return tostring(#setmetatable({}, {__len = function() while true do end end}))
