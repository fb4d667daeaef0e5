-- want: 502 script_error
-- A metatable for both booleans.
setmetatable(true, {__call = function() while true do end end})
