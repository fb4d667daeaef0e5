-- want: 502 invalid_response
-- A status below the smallest.
return {statusCode = 99}
