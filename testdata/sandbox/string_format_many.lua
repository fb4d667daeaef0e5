-- want: 502 script_error or 507 memory_limit or 507 instruction_limit
-- Two megabytes of directives without arguments.
return #string.format(("%s"):rep(2^20))
