-- want: 507 memory_limit or 502 script_error
-- Memory that only argument lists hold.
local function f(n, ...)
  local r = f(n + 1, ("x"):rep(100000) .. n, ...)
  return r
end
f(1)
