-- want: 507 memory_limit
-- body: "[" + "{}," * 1300000 + "1]"
-- A body of four megabytes that decodes to hundreds.
return #ctx.request.body
