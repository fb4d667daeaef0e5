-- want: 200 ok
-- Every way to write to every part of ctx fails or touches a private copy.
local function poison(t)
  for _, try in ipairs({
    function() t.poison = 1 end,
    function() rawset(t, "poison", 1) end,
    function() table.insert(t, "poison") end,
    function() setmetatable(t, {__index = function() return 1 end}) end,
    function() getmetatable(t).__index = function() return 1 end end,
  }) do pcall(try) end
end
for _, t in ipairs({ctx, ctx.request, ctx.request.headers, ctx.request.query, ctx.request.params, ctx.request.cookies}) do
  poison(t)
  if t.poison ~= nil then return "changed" end
end
return "ok"
