-- want: 200 or 507 memory_limit
-- A string of escapes only.
return tostring(#json.decode('"' .. ("\\u0041"):rep(600000) .. '"'))
