-- want: 504 timeout
-- limits: timeout_ms=500 instructions=1000000000
-- Memory just under its limit held while the clock runs out.
local keep = {}
for i = 1, 8000 do keep[i] = ("x"):rep(1000) .. i end
while true do local _ = {} end
