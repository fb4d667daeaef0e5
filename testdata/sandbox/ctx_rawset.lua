-- want: 502 script_error
-- Past the metamethod.
rawset(ctx.request, "remote_ip", "127.0.0.1")
