-- want: 502 script_error
-- The same with objects.
return json.decode(('{"a":'):rep(100000) .. "1" .. ("}"):rep(100000))
