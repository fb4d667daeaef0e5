-- want: 502 invalid_response
-- An empty header name.
return {statusCode = 200, headers = {[""] = "b"}, body = "x"}
