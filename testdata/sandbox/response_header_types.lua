-- want: 502 invalid_response
-- Header values that are not text.
return {statusCode = 200, headers = {["X-A"] = {print}}, body = "x"}
