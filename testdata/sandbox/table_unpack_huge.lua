-- want: 502 script_error or 507 memory_limit
-- A hundred million results.
return select("#", unpack({}, 1, 1e8))
