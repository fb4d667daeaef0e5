-- want: 507 instruction_limit
-- An iterator that never returns nil.
for x in function() return 1 end do end
