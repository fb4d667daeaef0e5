-- want: 507 memory_limit or 502 script_error
-- Four thousand references to one string of a megabyte.
local s, t = ("x"):rep(2^20), {}
for i = 1, 4000 do t[i] = s end
return json.encode(t)
