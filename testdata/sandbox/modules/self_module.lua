-- A module that requires itself.
return require("self" .. "_module")
