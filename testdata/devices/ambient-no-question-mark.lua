-- route: GET /ambient/*
-- The console appends &KEY=value to the path and sends no question mark.
local fields = {}
for name, value in ctx.request.raw_target:gmatch("&([^&=]+)=([^&]*)") do
  fields[name] = value:gsub("%+", " ")
end
return fields.PASSKEY .. " at " .. fields.dateutc .. ": " .. fields.tempf .. " F"
