-- want: 502 script_error
-- Bytes that are not UTF-8 have no JSON form.
return json.encode("\255\254")
