-- want: 200 ok
-- Times at the edge of everything.
for _, t in ipairs({0, -1, 2^31, 2^53, -2^53, 2^63, -2^63, 1/0, -1/0, 0/0}) do
  pcall(os.date, "*t", t)
  pcall(os.date, "!%c", t)
  pcall(os.difftime, t, -t)
  pcall(os.time, {year = t, month = t, day = t, hour = t})
end
pcall(os.date, "%")
pcall(os.date, "%Q")
return "ok"
