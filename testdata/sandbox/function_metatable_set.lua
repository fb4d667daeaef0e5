-- want: 502 script_error
-- A metatable for all functions.
setmetatable(print, {__index = function() return "poisoned" end})
