-- want: 502 script_error
-- Code from a file.
dofile("/etc/passwd")
