-- want: 507 instruction_limit
-- The plainest endless loop.
while true do end
