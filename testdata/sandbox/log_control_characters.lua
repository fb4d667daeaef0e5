-- want: 200 done
-- Control characters must not reach a terminal through the log.
log.info("\27[2J\27]0;owned\7\r\nlevel=error msg=forged", {["\0"] = "\27[31m"})
print("\0\255\254")
return "done"
