-- want: 502 script_error
-- A metatable for all numbers: gopher-lua's own setmetatable takes it.
setmetatable(1, {__index = function() return "poisoned" end})
