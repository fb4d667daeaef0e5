-- want: 502 script_error
-- A coroutine as the error object.
error(coroutine.create(function() end))
