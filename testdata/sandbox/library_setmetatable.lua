-- want: 502 script_error
-- A library's metatable replaced.
setmetatable(math, {__index = function() return 42 end})
