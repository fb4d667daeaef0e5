-- The functions of time.
local function fails(want, f, ...)
  local ok, message = pcall(f, ...)
  assert(not ok, "no error; wanted " .. want)
  assert(tostring(message):find(want, 1, true), tostring(message) .. " does not say " .. want)
end

local now = time.now()
assert(now > 1700000000 and math.abs(now - os.time()) < 5)

-- iso
assert(time.iso(0) == "1970-01-01T00:00:00.000Z")
assert(time.iso(1772366400.25) == "2026-03-01T12:00:00.250Z")
assert(time.iso(1772366400, "Europe/Vienna") == "2026-03-01T13:00:00.000+01:00")
assert(time.iso(1782907200, "Europe/Vienna") == "2026-07-01T14:00:00.000+02:00")
assert(time.iso(-1) == "1969-12-31T23:59:59.000Z")
assert(time.iso(253402300799) == "9999-12-31T23:59:59.000Z")
assert(math.abs(time.parse(time.iso()) - now) < 5)
assert(time.iso(0, "Local"):match("^19"))

-- parse
local noon = 1772366400
for _, text in ipairs({
  "2026-03-01T12:00:00Z", "2026-03-01T12:00:00.000Z", "2026-03-01T13:00:00+01:00", "2026-03-01T13:00:00+0100", "2026-03-01T12:00:00",
  "2026-03-01T12:00", "2026-03-01 12:00:00", "2026-03-01 12:00", " 2026-03-01 12:00:00 ", "2026-03-01 13:00:00 +01:00",
  "Sun, 01 Mar 2026 12:00:00 GMT", "Sun, 01 Mar 2026 13:00:00 +0100", "20260301T120000Z",
}) do
  assert(time.parse(text) == noon, text .. " is " .. time.iso(time.parse(text)))
end
assert(time.parse("2026-03-01") == noon - 12 * 3600)
assert(time.parse("2026-03-01 13:00:00", "Europe/Vienna") == noon)
assert(time.parse("2026-03-01T12:00:00Z", "Europe/Vienna") == noon)
assert(time.parse("2026-03-01T12:00:00.5Z") == noon + 0.5)
for _, t in ipairs({ 0, 0.125, 1234567890.75, -86400 }) do assert(time.parse(time.iso(t)) == t) end

-- add
local function added(from, step) return time.iso(time.add(time.parse(from), step)):sub(1, 19) end
assert(added("2026-01-31", { months = 1 }) == "2026-02-28T00:00:00")
assert(added("2024-02-29", { years = 1 }) == "2025-02-28T00:00:00")
assert(added("2026-03-31", { months = -1 }) == "2026-02-28T00:00:00")
assert(added("2026-03-01", { weeks = 1, days = -1, hours = 2, minutes = 30, seconds = 5 }) == "2026-03-07T02:30:05")
assert(time.add(5.5, { seconds = 1 }) == 6.5)
assert(time.add(5, {}) == 5)
assert(math.abs(time.add(nil, { hours = 1 }) - now - 3600) < 5)
-- the night in which Vienna's clocks go forward has 23 hours
local before = time.parse("2026-03-28 12:00", "Europe/Vienna")
assert(time.add(before, { days = 1, tz = "Europe/Vienna" }) - before == 23 * 3600)
assert(time.add(before, { hours = 24, tz = "Europe/Vienna" }) - before == 24 * 3600)

-- zone
local z = time.zone(1782907200.125, "Europe/Vienna")
assert(z.year == 2026 and z.month == 7 and z.day == 1 and z.hour == 14 and z.min == 0 and z.sec == 0 and z.ms == 125)
assert(z.wday == 4 and z.yday == 182 and z.isdst == true and z.offset == 7200 and z.abbreviation == "CEST")
local utc, like = time.zone(noon), os.date("!*t", noon)
for _, field in ipairs({ "year", "month", "day", "hour", "min", "sec", "wday", "yday", "isdst" }) do assert(utc[field] == like[field], field) end
assert(utc.offset == 0)

-- sleep
local began = os.clock()
time.sleep(20)
assert(os.clock() - began >= 0.019)
time.sleep(0)

fails("time.iso: argument 1 (t) must be a number, got string", time.iso, "0")
fails("time.iso: argument 1 (t) must be a moment in the years 1 to 9999", time.iso, 1e18)
fails("must be a moment in the years 1 to 9999", time.iso, math.huge)
fails('time.iso: there is no time zone "Mars/Olympus"', time.iso, 0, "Mars/Olympus")
fails('there is no time zone "../../etc/passwd"', time.iso, 0, "../../etc/passwd")
fails('there is no time zone "Europe//Vienna"', time.iso, 0, "Europe//Vienna")
fails('there is no time zone ""', time.zone, 0, "")
fails("time.zone: argument 2 (tz) must be a string, got number", time.zone, 0, 1)
fails('time.parse: argument 1 (text) is not a time such as 2026-03-01T12:00:00Z, got "yesterday"', time.parse, "yesterday")
fails("is not a time", time.parse, "2026-13-01")
fails("is not a time", time.parse, string.rep("2", 1000))
fails("time.add: argument 2 (step) must be a table, got nothing", time.add, 0)
fails('time.add: argument 2 (step) has the unknown key "day" (known: years, months, weeks, days, hours, minutes, seconds, tz)', time.add, 0, { day = 1 })
fails('time.add: option "days" must be a whole number, got 1.5', time.add, 0, { days = 1.5 })
fails('time.add: option "years" is too large', time.add, 0, { years = 1e15 })
fails("time.add: the result is outside the years 1 to 9999", time.add, 0, { years = 9000 })
fails("time.sleep: argument 1 (ms) must be from 0 to 300000, got -1", time.sleep, -1)
fails("time.sleep: argument 1 (ms) must be a whole number, got nothing", time.sleep)
return "ok"
