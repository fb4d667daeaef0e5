-- want: 507 memory_limit
-- %q doubles what it quotes.
local s = ("\0\n\"\\"):rep(2^18)
while true do s = string.format("%q", s) end
