-- route: POST /alerts/grafana
-- An alert that has not ended ends in the year 1, and values may be null.
local open = {}
for _, alert in ipairs(ctx.request.body.alerts) do
  if alert.endsAt:sub(1, 4) == "0001" then open[#open + 1] = alert.labels.alertname .. "/" .. alert.fingerprint end
end
return table.concat(open, ",")
