-- want: 502 script_error
-- Programs of the host.
os.execute("touch /tmp/owned")
