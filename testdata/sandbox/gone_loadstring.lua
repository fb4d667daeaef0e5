-- want: 502 script_error
-- Code that no source check has seen.
loadstring(("("):rep(1e6))()
