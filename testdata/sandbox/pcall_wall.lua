-- want: 507 instruction_limit
-- The limit caught, and the loop continued.
while true do pcall(function() while true do end end) end
