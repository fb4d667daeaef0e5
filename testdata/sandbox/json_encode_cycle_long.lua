-- want: 502 script_error
-- A cycle of two hundred tables, deeper than JSON may be.
local first = {}
local t = first
for i = 1, 200 do t.next = {}; t = t.next end
t.next = first
return json.encode(first)
