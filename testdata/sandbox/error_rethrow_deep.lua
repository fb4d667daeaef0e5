-- want: 502 script_error
-- An error rethrown through forty protected calls with a longer message each time.
local f = function() error("base") end
for i = 1, 40 do
  local inner = f
  f = function() local ok, e = pcall(inner); error(e .. ("!"):rep(1000)) end
end
f()
