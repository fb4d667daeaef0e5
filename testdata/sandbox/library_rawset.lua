-- want: 502 script_error
-- The same past the metamethod.
rawset(string, "upper", function() return "poisoned" end)
