-- want: 502 script_error
-- A file made by asking for its name.
return os.tmpname()
