-- Change this list. A device in your network also needs a grant of the script.
local sites = { "https://example.com/" }

local uptime = kv.collection("uptime")
for _, site in ipairs(sites) do
  -- pcall, because no answer at all (no such name, refused, timeout) is an error.
  local ok, answer = pcall(http.get, site, { timeout_ms = 5000, max_bytes = 1024 * 1024 })
  local up = ok and answer.status < 400
  local why = ok and ("status " .. answer.status) or tostring(answer)

  local before = uptime:get(site)
  local was_up = not before or before.up
  uptime:set(site, { up = up, why = why })
  if up ~= was_up then
    topics.publish("alerts/uptime", { title = site, message = up and "is back" or ("does not answer: " .. why) })
    log.warn("changed", { site = site, up = up, why = why })
  end
end
