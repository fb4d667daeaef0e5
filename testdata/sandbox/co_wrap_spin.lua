-- want: 507 instruction_limit
-- An endless loop inside a coroutine: native ones would not be counted.
coroutine.wrap(function() while true do end end)()
