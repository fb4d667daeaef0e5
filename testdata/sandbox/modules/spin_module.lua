-- A module that never ends loading.
while true do end
