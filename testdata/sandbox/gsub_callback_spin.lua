-- want: 507 instruction_limit
-- A replacement function that never returns.
return (("x"):gsub(".", function() while true do end end))
