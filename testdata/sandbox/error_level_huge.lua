-- want: 502 script_error
-- A level far outside the stack.
error("x", 1e9)
