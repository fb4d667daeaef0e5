-- want: 502 script_error
-- Three million captures: recursion that ends the process in the native matcher.
return ("a"):find(("("):rep(3000000))
