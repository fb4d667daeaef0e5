-- want: 502 invalid_response
-- A status that is not a number at all.
return {statusCode = 0/0}
