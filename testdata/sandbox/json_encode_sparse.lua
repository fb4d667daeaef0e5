-- want: 502 script_error
-- An array with a gap of two billion.
return json.encode({1, 2, [2^31] = 3})
