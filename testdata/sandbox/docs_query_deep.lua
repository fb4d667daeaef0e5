-- want: 502 script_error
-- A query nested deeper than its own bound, and than SQLite's.
local where = {}
for i = 1, 120 do where = {["not"] = where} end
docs.collection("deep"):find({where = where})
