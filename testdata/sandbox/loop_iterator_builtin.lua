-- want: 507 instruction_limit
-- An iterator that is a library function executes hardly any instruction per turn.
for x in tostring, 1 do end
