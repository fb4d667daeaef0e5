-- want: 502 script_error
-- A pattern that ends in the middle of a set.
return ("a"):find("[a")
