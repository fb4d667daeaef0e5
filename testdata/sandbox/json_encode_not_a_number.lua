-- want: 502 script_error
-- NaN has no JSON form.
return json.encode({0/0})
