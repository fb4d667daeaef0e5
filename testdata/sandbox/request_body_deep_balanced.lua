-- want: 200 or 502 script_error
-- body: "{\"a\":" * 100000
-- A body that pretends to be an object is read only as far as its depth allows.
return type(ctx.request.body)
