-- want: 200 or 502 invalid_response or 507 instruction_limit
-- A statusCode that only a looping __index would give.
return setmetatable({body = "x"}, {__index = function() while true do end end})
