-- want: 502 script_error
-- Four megabytes of opening brackets.
return json.decode(("["):rep(4000000))
