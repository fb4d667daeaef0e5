-- want: 502 script_error
-- string.char of everything unpack can give, with a value out of range at the end.
local t = {}
for i = 1, 5000 do t[i] = 65 end
t[5001] = 256
return string.char(unpack(t))
