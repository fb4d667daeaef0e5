-- want: 507 instruction_limit
-- An error handler that never returns.
xpcall(function() error("x") end, function() while true do end end)
