-- want: 502 script_error
-- A hundred thousand levels of arrays: a recursive parser would overflow.
return json.decode(("["):rep(100000) .. ("]"):rep(100000))
