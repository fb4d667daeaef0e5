-- want: 502 script_error
-- The error object's __tostring raises in its turn.
error(setmetatable({}, {__tostring = function() error("inner") end}))
