-- want: 502 script_error
-- Userdata of one's own.
return newproxy(true)
