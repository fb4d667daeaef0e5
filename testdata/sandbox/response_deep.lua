-- want: 502 invalid_response
-- Thirty thousand levels.
local t = {}
for i = 1, 30000 do t = {t} end
return t
