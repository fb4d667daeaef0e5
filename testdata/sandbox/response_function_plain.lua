-- want: 502 invalid_response
-- A function as the whole response.
return print
