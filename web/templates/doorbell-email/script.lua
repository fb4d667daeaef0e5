-- The route is asynchronous: the button gets its answer (202) before this runs.
local door = ctx.request.params.door:sub(1, 60):gsub("[%c]", " ")

-- A second press within a minute is the same visitor.
local rung = kv.collection("doorbell")
if not rung:set(door, true, { if_absent = true, ttl = 60 }) then
  log.info("pressed again", { door = door })
  return
end

local ok, why = pcall(email.send, {
  to = secrets.get("ALERT_EMAIL"),
  subject = "The doorbell rings: " .. door,
  text = "Somebody pressed the bell at the door “" .. door .. "”.",
})
if not ok then
  -- Forget the press, so that the next attempt sends the mail after all.
  rung:delete(door)
  error(why)
end
