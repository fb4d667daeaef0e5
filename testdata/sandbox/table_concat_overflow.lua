-- want: 502 script_error or 200
-- A range at the edge of the integers.
return table.concat({}, "", 2^63, -2^63) .. table.concat({}, "", -2^63, -2^63 + 1)
