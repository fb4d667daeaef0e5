-- want: 502 script_error
-- The environment, which may hold the first owner's password.
return os.getenv("PICLOUD_ADMIN_PASSWORD")
