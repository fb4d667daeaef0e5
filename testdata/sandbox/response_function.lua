-- want: 502 invalid_response
-- A body that has no JSON form.
return {statusCode = 200, body = {f = print}}
