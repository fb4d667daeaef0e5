-- want: 200 or 502 script_error
-- Data that contains itself.
local t = {}
t.t = t
log.info("m", t)
return "done"
