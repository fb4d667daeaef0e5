-- want: 502 script_error
-- Other functions' locals, upvalues and the registry.
return debug.getregistry()
