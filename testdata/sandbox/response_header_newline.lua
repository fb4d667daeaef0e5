-- want: 502 invalid_response
-- A header value that would begin another header.
return {statusCode = 200, headers = {["X-A"] = "a\r\nSet-Cookie: admin=1"}, body = "x"}
