-- want: 502 invalid_response
-- A status that is none.
return {statusCode = 0}
