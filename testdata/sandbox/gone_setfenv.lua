-- want: 502 script_error
-- Another function's globals.
setfenv(0, {})
