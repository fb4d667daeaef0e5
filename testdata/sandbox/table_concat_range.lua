-- want: 502 script_error
-- A range far outside the table.
return table.concat({}, "", 1, 2^53)
