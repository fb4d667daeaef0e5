-- want: 502 script_error
-- A function has no JSON form.
return json.encode({f = print})
