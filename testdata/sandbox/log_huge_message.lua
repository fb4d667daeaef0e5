-- want: 200 or 507 memory_limit
-- Megabytes in one message are cut.
for i = 1, 20 do log.warn(("x"):rep(2^20)) end
return "done"
