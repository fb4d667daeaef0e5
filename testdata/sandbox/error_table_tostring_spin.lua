-- want: 502 script_error or 507 instruction_limit
-- The error object's __tostring would loop if the host asked it outside the limits.
error(setmetatable({}, {__tostring = function() while true do end end}))
