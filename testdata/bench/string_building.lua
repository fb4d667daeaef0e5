-- concatenation, formatting and joining
local total = 0
for round = 1, 60 do
  local parts = {}
  for i = 1, 400 do
    parts[#parts + 1] = "sensor " .. i .. ": " .. (i * round) .. " at " .. round
  end
  local text = table.concat(parts, "\n")
  total = total + #text + #string.format("%d readings, %s", #parts, text:sub(1, 10))
end
return total
