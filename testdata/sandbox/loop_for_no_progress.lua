-- want: 507 instruction_limit
-- From 2^53 on, adding one changes nothing.
for i = 2^53, 2^53 + 2 do end
