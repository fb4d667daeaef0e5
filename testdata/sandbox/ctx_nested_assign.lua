-- want: 502 script_error
-- So is what it contains.
ctx.request.headers.authorization = "Bearer forged"
