-- want: 507 instruction_limit
-- The handler of the limit's own error tries to run on.
xpcall(function() while true do end end, function(e) while true do end end)
return "survived"
