-- want: 502 script_error
-- The end of the process.
os.exit(0)
