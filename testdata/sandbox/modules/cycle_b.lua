-- The other half of the cycle.
return require("cycle" .. "_a")
