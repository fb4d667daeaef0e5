-- want: 507 instruction_limit or 502 script_error
-- A numeric loop with step 0 never moves.
for i = 2, 1, 0 do end
