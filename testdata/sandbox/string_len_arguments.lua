-- want: 502 script_error
-- Library functions without arguments, one of which must complain.
for _, f in pairs(string) do f() end
