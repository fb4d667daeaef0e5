-- want: 502 script_error
-- A document nested deeper than JSON may be.
local data = {}
for i = 1, 200 do data = {a = data} end
docs.collection("depth"):insert(data)
