-- want: 507 instruction_limit
-- limits: instructions=1000
-- A small limit is not rounded up to the next check.
for i = 1, 5000 do end
return "survived"
