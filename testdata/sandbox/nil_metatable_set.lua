-- want: 502 script_error
-- A metatable for nil would make every missing field readable.
setmetatable(nil, {__index = function() return "poisoned" end})
