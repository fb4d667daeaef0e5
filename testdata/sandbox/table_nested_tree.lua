-- want: 507 memory_limit
-- A tree of tables.
local function tree(n) if n == 0 then return {} end return {tree(n - 1), tree(n - 1)} end
return tree(24)
