-- want: 502 script_error
-- Go's own verbs must not reach Go's formatter.
return string.format("%T %v %p %#v", 1, 2, 3, 4)
