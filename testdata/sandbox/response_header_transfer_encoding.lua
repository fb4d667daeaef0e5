-- want: 502 invalid_response
-- A second framing of the body would let an answer be smuggled in.
return {statusCode = 200, headers = {["transfer-encoding"] = "chunked"}, body = "0\r\n\r\nHTTP/1.1 200 OK\r\n\r\n"}
