-- want: 502 invalid_response
-- A provisional status would leave the client waiting.
return {statusCode = 101, body = "switch"}
