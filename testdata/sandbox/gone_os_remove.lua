-- want: 502 script_error
-- Files of the host.
os.remove("picloud.db")
