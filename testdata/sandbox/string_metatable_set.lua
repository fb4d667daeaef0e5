-- want: 502 script_error
-- A metatable for all strings.
setmetatable("", {__index = function() return "poisoned" end})
