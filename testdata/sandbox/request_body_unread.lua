-- want: 200 ok
-- body: "[" + "{}," * 1300000 + "1]"
-- A body that nobody reads costs nothing.
return "ok"
