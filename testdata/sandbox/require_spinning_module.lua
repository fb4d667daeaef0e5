-- want: 507 instruction_limit
-- A module that never ends loading.
local ok = pcall(require, "spin_module")
return "survived"
