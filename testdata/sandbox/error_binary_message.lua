-- want: 502 script_error
-- A message with control characters and bytes that are not UTF-8.
error("a\0b\27[31m\255\254\r\nSet-Cookie: x=1")
