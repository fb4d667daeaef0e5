-- want: 507 instruction_limit or 502 script_error
-- Globals that loop when they are missing.
setmetatable(_G, {__index = function(t, k) return t[k .. "x"] .. "" end})
return missing
