-- The hostile app: one script that serves every page of tests/attacks.js, with
-- the headers that some of the attacks are made of.
local attacks = [==[@ATTACKS@]==]
local request = ctx.request
local name = request.rest
local html = { ["Content-Type"] = "text/html; charset=utf-8" }

local function answer(body, more)
  local headers = {}
  for k, v in pairs(html) do headers[k] = v end
  for k, v in pairs(more or {}) do headers[k] = v end
  return { statusCode = 200, headers = headers, body = body }
end

local function received()
  local lines = { request.raw_target, request.path, request.host, request.body_raw }
  for k, v in pairs(request.headers) do lines[#lines + 1] = k .. ": " .. v end
  for k, v in pairs(request.cookies) do lines[#lines + 1] = k .. "= " .. v end
  for k, v in pairs(request.query) do lines[#lines + 1] = k .. "? " .. v end
  return table.concat(lines, "\n")
end

if name == "attacks.js" then
  return answer(attacks, { ["Content-Type"] = "text/javascript" })
end

if name == "worker.js" then
  return answer("onmessage = function () {}; onfetch = function () {}", {
    ["Content-Type"] = "text/javascript", ["Service-Worker-Allowed"] = "/" })
end

if name == "manifest.webmanifest" then
  return answer('{"name":"PiCloud","start_url":"/admin/","scope":"/","display":"standalone"}', {
    ["Content-Type"] = "application/manifest+json" })
end

if name == "set-cookies" then
  local forged = "pis_" .. string.rep("A", 43)
  return answer("<title>cookies</title>", { ["Set-Cookie"] = {
    "picloud_session=" .. forged .. "; Path=/",
    "picloud_session=" .. forged .. "; Path=/api",
    "PiCloud_Session=" .. forged .. "; Path=/admin",
    "__Host-picloud_session=" .. forged .. "; Path=/; Secure",
    "=picloud_session=" .. forged .. "; Path=/",
    "picloud_session; Path=/",
    "a=1; Path=/; Domain=" .. string.gsub(request.host, ":.*", ""),
    "b=" .. string.rep("x", 3000) .. "; Path=/api",
    "c=" .. string.rep("x", 900) .. "; Path=/",
  } })
end

if string.sub(name, 1, 6) == "flood/" then
  local n = tonumber(string.sub(name, 7))
  local cookies = {}
  for i = 1, 20 do cookies[i] = "f" .. n .. "_" .. i .. "=" .. string.rep("x", 150) .. "; Path=/; Priority=High" end
  if n == 15 then return answer("<title>flooded</title>", { ["Set-Cookie"] = cookies }) end
  return { statusCode = 302, headers = { Location = "/hostile/flood/" .. (n + 1), ["Set-Cookie"] = cookies } }
end

local more = {}
if name == "received" then
  return answer("<title>received</title><pre>" .. received() .. "</pre><script src=/hostile/attacks.js></script>")
elseif name == "header-policy" then
  more = { ["Content-Security-Policy"] = { "sandbox allow-same-origin allow-scripts allow-forms", "default-src *" },
    ["content-security-policy"] = "sandbox allow-same-origin allow-scripts", ["Content-Security-Policy-Report-Only"] = "sandbox" }
elseif name == "header-origin-wide" then
  more = { ["Alt-Svc"] = 'h3=":1"; ma=86400', ["Strict-Transport-Security"] = "max-age=86400", NEL = '{"report_to":"x","max_age":86400}',
    ["Report-To"] = '{"group":"x","max_age":86400,"endpoints":[{"url":"/hostile/report"}]}',
    ["Reporting-Endpoints"] = 'x="/hostile/report"', ["Service-Worker-Allowed"] = "/" }
elseif name == "header-clear" then
  more = { ["Clear-Site-Data"] = '"cookies", "storage", "cache", "*"' }
end
return answer("<!doctype html><title>hostile</title><body><script src=/hostile/attacks.js></script>", more)
