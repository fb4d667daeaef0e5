-- want: 502 invalid_response
-- A bare line feed.
return {statusCode = 200, headers = {["X-A"] = "a\nX-B: b"}, body = "x"}
