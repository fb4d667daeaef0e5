-- want: 507 memory_limit or 507 instruction_limit
-- An object of many keys, each a table entry far larger than its text.
local parts = {}
for i = 1, 150000 do parts[i] = '"k' .. i .. '":0' end
local text = "{" .. table.concat(parts, ",") .. "}"
parts = nil
return type(json.decode(text))
