-- want: 502 script_error
-- Values that cannot be compared.
table.sort({1, "a", {}, true})
