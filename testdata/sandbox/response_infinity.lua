-- want: 502 invalid_response
-- Infinity inside the response.
return {value = math.huge}
