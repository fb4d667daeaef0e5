-- want: 502 script_error
-- An index before the first argument.
return select(-5, 1, 2)
