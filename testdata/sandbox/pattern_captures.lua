-- want: 502 script_error
-- More captures than the matcher has.
return ("a"):rep(100):find(("(a)"):rep(100))
