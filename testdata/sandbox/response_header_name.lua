-- want: 502 invalid_response
-- A header name that holds a whole header.
return {statusCode = 200, headers = {["X-A: 1\r\nX-B"] = "b"}, body = "x"}
