-- A module that fails each time it is loaded.
error("broken")
