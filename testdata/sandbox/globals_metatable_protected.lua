-- want: 200 ok or 502 script_error
-- The environment's own metatable gives no way to the shared globals.
local mt = getmetatable(_G)
if type(mt) == "table" then mt.__index.poison = 1 end
return "ok"
