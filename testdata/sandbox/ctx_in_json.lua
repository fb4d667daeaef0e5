-- want: 200 or 502 script_error or 502 invalid_response
-- The whole of ctx as the response.
return ctx
