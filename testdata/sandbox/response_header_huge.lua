-- want: 502 invalid_response
-- One header of three megabytes.
return {statusCode = 200, headers = {["X-A"] = ("x"):rep(3000000)}, body = "x"}
