-- want: 502 invalid_response
-- A zero byte in a value.
return {statusCode = 200, headers = {["X-A"] = "a\0b"}, body = "x"}
