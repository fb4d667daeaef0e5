-- want: 200 or 502 script_error
-- limits: timeout_ms=2000
-- A number of a million digits, and one with an exponent of a million digits.
pcall(json.decode, ("9"):rep(1000000))
pcall(json.decode, "1e" .. ("9"):rep(1000000))
pcall(json.decode, "0." .. ("0"):rep(1000000) .. "1")
return type(json.decode("1e400"))
