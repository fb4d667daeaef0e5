-- want: 507 memory_limit or 502 script_error
-- A format of a million directives that each grow.
return #os.date(("%c"):rep(2^20))
