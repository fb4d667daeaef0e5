-- want: 507 sdk_call_limit
-- Writes without end.
local c = kv.collection("flood")
while true do c:set("k", os.clock(), {durable = false}) end
