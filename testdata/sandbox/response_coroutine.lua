-- want: 502 invalid_response
-- A coroutine as the whole response.
return coroutine.create(function() end)
