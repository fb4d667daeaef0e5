-- want: 507 instruction_limit or 504 timeout
-- limits: timeout_ms=1000
-- A module that fails each time it is loaded.
while true do pcall(require, "error_module") end
