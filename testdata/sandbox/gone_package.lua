-- want: 502 script_error
-- The loaders of native modules.
return package.loadlib("libc.so.6", "system")
