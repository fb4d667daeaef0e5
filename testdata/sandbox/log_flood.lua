-- want: 507 instruction_limit or 200
-- limits: timeout_ms=8000
-- A million log lines.
for i = 1, 1000000 do log.info("line " .. i) end
return "done"
