-- Keeps each request as a document in the collection "inbox".
local request = ctx.request
local keep = 500 -- older ones are deleted

if not request.params.source:match("^[%w_.-]+$") then
  return { statusCode = 400, body = { error = "name the sender with letters and digits" } }
end

local document = {
  source = request.params.source,
  method = request.method,
  query = request.query,
  content_type = request.headers["content-type"],
  body = request.body,
}
-- A file or a picture is no text, and has no form in JSON: keep its size alone.
if #request.body_raw > 100 * 1024 or not pcall(json.encode, document) then
  document.query, document.body = nil, #request.body_raw .. " bytes that are too many, or no text"
end

local inbox = docs.collection("inbox")
local id = inbox:insert(document)

-- Ids grow with time, so the first ones of the list are the oldest.
local surplus = inbox:count() - keep
if surplus > 0 then
  for _, old in ipairs(inbox:find({ sort = { "id" }, limit = math.min(surplus, 50), fields = { "source" } })) do
    inbox:delete(old.id)
  end
end

log.info("kept a webhook", { source = request.params.source, id = id })
return { statusCode = 201, body = { kept = id } }
