-- want: 502 script_error
-- A directive without its argument.
return string.format("%d")
