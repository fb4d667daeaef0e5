-- want: 507 instruction_limit
-- gopher-lua knows goto; the jump backwards must be counted too.
::again::
goto again
