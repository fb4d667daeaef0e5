-- The route checks GitHub's signature before this runs, so what arrives here
-- is GitHub's; a delivery that comes twice gets the first answer again.
local event = ctx.request.headers["x-github-event"]
if event == "ping" then return "pong" end
if event ~= "push" then return "ignored" end

local push = ctx.request.body
-- A hook that is set to form encoding has the JSON in the field "payload".
if type(push) == "table" and type(push.payload) == "string" then push = json.decode(push.payload) end
if type(push) ~= "table" or type(push.ref) ~= "string" or type(push.repository) ~= "table" then
  return { statusCode = 400, body = "this is no push" }
end

local commits = type(push.commits) == "table" and push.commits or {}
local last = commits[#commits]
local kept = {
  repository = push.repository.full_name,
  branch = push.ref:gsub("^refs/heads/", ""),
  by = type(push.pusher) == "table" and push.pusher.name or nil,
  commits = #commits,
  message = type(last) == "table" and last.message or nil,
}
docs.collection("pushes"):insert(kept)
if kept.branch == (push.repository.default_branch or "main") then
  topics.publish("alerts/github", { title = kept.repository, message = kept.message or "was pushed to" })
end
return kept
