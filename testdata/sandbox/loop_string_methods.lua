-- want: 507 instruction_limit
-- Methods of strings resolve through the shared string metatable each time.
while true do local _ = ("abc"):upper() end
