-- want: 502 invalid_response
-- A status above the largest.
return {statusCode = 1e18}
