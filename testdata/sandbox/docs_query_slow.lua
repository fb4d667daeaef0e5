-- want: 504 timeout
-- limits: timeout_ms=300
-- A search that looks at much, in a protected call.
local d = docs.collection("slow")
for i = 1, 20 do d:insert({x = ("a"):rep(200000)}, {id = "d" .. i}) end
local any = {}
for i = 1, 60 do any[i] = {x = {contains = ("a"):rep(900) .. "b" .. i}} end
while true do pcall(d.count, d, {where = {any = any}}) end
