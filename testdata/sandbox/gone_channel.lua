-- want: 502 script_error
-- A wait that nothing ends.
channel.make():receive()
