-- want: 200 string
-- body: "[" * 100000
-- A request body of a hundred thousand levels is text, not JSON.
return type(ctx.request.body)
