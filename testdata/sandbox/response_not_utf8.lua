-- want: 502 invalid_response
-- A table with bytes that are not UTF-8.
return {value = "\255"}
