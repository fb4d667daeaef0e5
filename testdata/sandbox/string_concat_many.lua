-- want: 507 memory_limit
-- Many operands of half a megabyte in one expression.
local s = ("x"):rep(2^19)
return #(s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s .. s)
