-- want: 200 ok
-- Field names become part of a statement; none gets out of its quotes.
local d = docs.collection("injection")
d:insert({x = 1}, {id = "one"}) -- the script runs more than once
for _, name in ipairs({"x' OR 1=1 --", "x\") = 1 OR (\"1\"=\"1", "'", "\"", "''", "\\'", "x'); DROP TABLE documents; --", "?", "?1", ":a", "]", "[0]", "#-1", "$", "*"}) do
  assert(d:count({where = {[name] = 1}}) == 0, name)
  assert(#d:find({sort = {name}, fields = {name}}) == 1, name)
end
-- SQLite takes a name with a zero character for a shorter one.
local counted, message = pcall(d.count, d, {where = {["x\0"] = 1}})
assert(not counted and tostring(message):find("zero character", 1, true), message)
assert(d:count({where = {x = 1}}) == 1)
return "ok"
