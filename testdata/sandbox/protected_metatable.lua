-- want: 502 script_error
-- A protected metatable stays protected.
local t = setmetatable({}, {__metatable = "locked"})
setmetatable(t, {})
