-- want: 507 memory_limit
-- body: "x" * 9000000
-- The raw body counts towards the memory and the longest string.
return #ctx.request.body_raw
