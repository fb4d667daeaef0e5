-- want: 502 script_error or 507 memory_limit
-- A constructor that is given more items than it can take.
local function many(n, ...) if n == 0 then return ... end return many(n - 1, n, ...) end
return #{many(1e6)}
