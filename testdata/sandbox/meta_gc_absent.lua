-- want: 200 ok
-- A finalizer would run outside every limit; there is none.
for i = 1, 1000 do setmetatable({}, {__gc = function() while true do end end}) end
return "ok"
