-- want: 502 script_error
-- Reading files.
return io.open("/etc/passwd"):read("*a")
