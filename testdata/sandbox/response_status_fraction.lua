-- want: 502 invalid_response
-- A status that is not whole.
return {statusCode = 200.5}
