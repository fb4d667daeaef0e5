-- want: 507 memory_limit
-- A module that hoards while it loads.
pcall(require, "greedy_module")
return "survived"
