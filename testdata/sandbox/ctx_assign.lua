-- want: 502 script_error
-- log: read-only
-- ctx is read-only.
ctx.app = "other"
