-- want: 200 or 502 script_error or 507 memory_limit
-- Data of megabytes beside a short message.
local s = ("x"):rep(2^20)
for i = 1, 20 do log.info("m", {s = s, t = {s, s}}) end
return "done"
