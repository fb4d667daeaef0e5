-- want: 502 script_error
-- Code from a file, not run at once.
loadfile("/etc/passwd")()
