-- want: 502 script_error
-- A function as the error object.
error(function() while true do end end)
