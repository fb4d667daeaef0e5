-- want: 200 0
-- Nothing, 2^53 times: a loop that appends it would not end.
return tostring(#string.rep("", 2^53))
