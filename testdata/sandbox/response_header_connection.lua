-- want: 502 invalid_response
-- A header that belongs to the connection, not to the answer.
return {statusCode = 200, headers = {Connection = "close"}, body = "x"}
