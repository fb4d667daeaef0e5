-- want: 507 instruction_limit
-- A transaction holds nothing while its function spins.
kv.transaction(function(tx) tx.kv("c"):set("k", 1) while true do end end)
