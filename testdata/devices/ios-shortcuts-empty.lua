-- route: POST /shortcut
-- With the screen locked the phone promises JSON and sends no byte.
if ctx.request.body_raw == "" and not ctx.request.is_json then
  return "empty"
end
return { statusCode = 400, body = "something came" }
