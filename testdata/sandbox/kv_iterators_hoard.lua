-- want: 507 memory_limit or 507 sdk_call_limit
-- Pages that only iterators hold are memory all the same.
local c = kv.collection("iterators")
for i = 1, 8 do c:set("k" .. i, ("x"):rep(200000)) end
local kept = {}
for i = 1, 990 do
  local step, loop = c:each()
  step(loop)
  kept[i] = loop
end
