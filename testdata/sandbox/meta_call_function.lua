-- want: 502 script_error
-- log: stack overflow
-- A __call that calls its own table.
local t = setmetatable({}, {__call = function(self, n) return 1 + self(n) end})
t(1)
