-- want: 502 script_error
-- gopher-lua's own leftovers.
_printregs()
