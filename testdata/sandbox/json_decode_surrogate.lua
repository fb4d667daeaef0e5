-- want: 200 or 502 script_error
-- Half a surrogate pair.
return #json.decode('"\\ud800"')
