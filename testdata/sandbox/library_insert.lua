-- want: 502 script_error
-- The same through another library.
table.insert(table, function() end)
