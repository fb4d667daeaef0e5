-- want: 200 900000
-- A plain repeat over 900 KB needs half a gigabyte of Go stack in the native matcher.
local s = ("a"):rep(900000)
return tostring(#s:match("^a*$"))
