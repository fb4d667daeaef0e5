-- want: 200 ok
-- Every short pattern of the dangerous characters is an error or an answer.
local parts = {"%", "[", "]", "(", ")", "-", "*", "^", "$", "b", "f", "1", "\0"}
for _, a in ipairs(parts) do
  for _, b in ipairs(parts) do
    for _, c in ipairs(parts) do
      pcall(string.find, "ab\0()", a .. b .. c)
      pcall(string.gsub, "ab\0()", a .. b .. c, "%0" .. a)
    end
  end
end
return "ok"
