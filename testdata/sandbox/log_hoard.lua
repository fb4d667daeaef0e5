-- want: 200 or 502 script_error or 507 memory_limit or 507 instruction_limit
-- limits: timeout_ms=8000
-- Kept lines count towards nothing else; they are bounded by themselves.
for i = 1, 10000 do log.info(("x"):rep(4096) .. i, {s = ("y"):rep(4096)}) end
return "done"
