-- want: 502 invalid_response
-- NaN as the response.
return 0/0
