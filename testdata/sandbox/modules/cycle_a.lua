-- One half of a cycle.
return require("cycle" .. "_b")
