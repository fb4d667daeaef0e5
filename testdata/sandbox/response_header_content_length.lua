-- want: 502 invalid_response or 200
-- A length that is not the body's.
return {statusCode = 200, headers = {["Content-Length"] = "1000000"}, body = "x"}
