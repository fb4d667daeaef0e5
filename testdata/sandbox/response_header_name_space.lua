-- want: 502 invalid_response
-- A header name with a space.
return {statusCode = 200, headers = {["X A"] = "b"}, body = "x"}
