-- want: 200 number
-- A full collection belongs to the whole process, not to one script.
for i = 1, 1000 do collectgarbage(); collectgarbage("collect"); collectgarbage("stop") end
return type(collectgarbage("count"))
