-- want: 507 memory_limit
-- limits: string_bytes=1024
-- A small limit for strings, met by the operator.
local s = ("x"):rep(1000)
return s .. s
