-- want: 507 instruction_limit or 200
-- limits: timeout_ms=5000
-- A frontier test at every byte of a long string, with a repeat behind it.
return tostring(("a "):rep(100000):find("%f[%a].-%f[%d]"))
