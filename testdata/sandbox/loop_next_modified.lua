-- want: 507 instruction_limit or 507 memory_limit or 502 script_error
-- A table that grows under its own traversal.
local t = {a = 1}
while true do
  for k in pairs(t) do t[k .. "a"] = 1; t[k] = nil end
end
