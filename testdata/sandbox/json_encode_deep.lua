-- want: 502 script_error
-- Nesting of a hundred thousand: a recursive encoder would overflow.
local t = {}
for i = 1, 30000 do t = {t} end
return json.encode(t)
