-- want: 507 memory_limit or 502 script_error
-- What a transaction wants to write is bounded.
kv.transaction(function(tx)
  local c = tx.kv("hoard")
  for i = 1, 900 do c:set("k" .. i, ("x"):rep(200000)) end
end)
