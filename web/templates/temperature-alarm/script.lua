-- Runs for each new document of the collection "readings".
local lowest, highest = 3, 35 -- °C

local reading = ctx.event.data
local sensor = type(reading) == "table" and reading.sensor
local temperature = sensor and reading.temperature
if type(sensor) ~= "string" or type(temperature) ~= "number" then return end

local state = "fine"
if temperature < lowest then state = "too cold" end
if temperature > highest then state = "too warm" end

-- The state before is kept, so that each change gives one message, not each value.
local states = kv.collection("alarm")
local before = states:get(sensor) or "fine"
if state == before then return end

states:set(sensor, state)
topics.publish("alerts/temperature", { title = sensor, message = ("is %s: %.1f °C"):format(state, temperature) })
log.warn("changed", { sensor = sensor, state = state, temperature = temperature })
