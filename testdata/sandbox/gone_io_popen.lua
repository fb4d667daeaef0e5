-- want: 502 script_error
-- Programs with a pipe.
return io.popen("id"):read("*a")
