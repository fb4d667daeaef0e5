-- want: 200 or 502 script_error
-- An error in the error handler, whose handling fails again.
local ok, e = xpcall(function() error("a") end, function(e) error("b") end)
return tostring(ok)
