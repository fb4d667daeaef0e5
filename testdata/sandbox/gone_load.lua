-- want: 502 script_error
-- Code from a reader that never ends.
load(function() return "do end " end)
