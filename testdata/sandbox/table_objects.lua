-- want: 507 memory_limit
-- Many small objects, filled field by field.
local keep = {}
while true do
  local o = {}
  o.id = #keep
  o.name = "n"
  keep[#keep + 1] = o
end
