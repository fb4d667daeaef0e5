-- want: 502 script_error or 200
-- Names of the platform's own tables.
for _, name in ipairs({"os", "io", "debug", "package", "string", "_G"}) do
  local ok, m = pcall(require, name)
  if ok and (m == true or type(m) == "table") and name ~= "os" and name ~= "string" and name ~= "_G" then return "loaded" .. name end
end
error("none")
