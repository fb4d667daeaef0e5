-- want: 502 invalid_response
-- A status that is a table.
return {statusCode = {}}
