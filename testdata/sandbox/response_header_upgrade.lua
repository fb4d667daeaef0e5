-- want: 502 invalid_response
-- A protocol switch.
return {statusCode = 200, headers = {Upgrade = "websocket"}, body = "x"}
