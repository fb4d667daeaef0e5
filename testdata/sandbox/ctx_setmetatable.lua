-- want: 502 script_error
-- A metatable of one's own on ctx.
setmetatable(ctx, {})
