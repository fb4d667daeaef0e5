-- Runs when a delivery has run out of attempts. It is not retried itself.
local event = ctx.event
local kind = type(event.original) == "table" and event.original.kind or "unknown"

-- At most one mail in ten minutes, however much fails.
local told = kv.collection("told")
if told:has("dead letters") then
  log.info("told already", { dead_letter = event.dead_letter_id })
  return
end

email.send({
  to = secrets.get("ALERT_EMAIL"),
  subject = "PiCloud: an event has failed for good",
  text = table.concat({
    "An event of the kind “" .. tostring(kind) .. "” in the app “" .. ctx.app .. "” failed at every attempt.",
    "The last error: " .. tostring(event.error),
    "Look at it, and send it again, under Dead letters. Its id is " .. tostring(event.dead_letter_id) .. ".",
  }, "\n\n"),
})
told:set("dead letters", true, { ttl = 600 })
