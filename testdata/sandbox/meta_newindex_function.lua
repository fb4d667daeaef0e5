-- want: 502 script_error
-- log: stack overflow
-- A __newindex that assigns the same key.
local t = setmetatable({}, {__newindex = function(t, k, v) t[k] = v end})
t.x = 1
