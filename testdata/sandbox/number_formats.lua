-- want: 200 ok
-- Numbers of every size become text and come back.
for _, n in ipairs({0, -0, 1e15, 1e16, 1e100, 1e308, 5e-324, 2^53, 2^63, 2^64, -2^63, 1/0, -1/0}) do
  local s = tostring(n)
  if #s > 40 then return s end
  local _ = string.format("%d %i %u %x %o %c %e %g %f", 65, 65, 65, 65, 65, 65, n, n, n)
end
for _, n in ipairs({1/0, -1/0, 0/0, 1e308, 2^63, -2^64}) do
  for _, d in ipairs({"%d", "%x", "%o", "%u", "%i", "%c", "%q", "%s"}) do pcall(string.format, d, n) end
end
return "ok"
