-- field access and floating point
local sqrt = math.sqrt
local bodies = {
  {x = 0, y = 0, z = 0, vx = 0, vy = 0, vz = 0, mass = 39.47},
  {x = 4.84, y = -1.16, z = -.10, vx = .6, vy = 2.8, vz = -.02, mass = .037},
  {x = 8.34, y = 4.12, z = -.4, vx = -1.01, vy = 1.82, vz = .008, mass = .011},
  {x = 12.89, y = -15.11, z = -.22, vx = 1.08, vy = .86, vz = -.01, mass = .0017},
  {x = 15.37, y = -25.9, z = .179, vx = .97, vy = .59, vz = -.03, mass = .002},
}
local function advance(dt)
  for i = 1, #bodies do
    local a = bodies[i]
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = a.x - b.x, a.y - b.y, a.z - b.z
      local d2 = dx * dx + dy * dy + dz * dz
      local mag = dt / (d2 * sqrt(d2))
      a.vx, a.vy, a.vz = a.vx - dx * b.mass * mag, a.vy - dy * b.mass * mag, a.vz - dz * b.mass * mag
      b.vx, b.vy, b.vz = b.vx + dx * a.mass * mag, b.vy + dy * a.mass * mag, b.vz + dz * a.mass * mag
    end
  end
  for i = 1, #bodies do
    local b = bodies[i]
    b.x, b.y, b.z = b.x + dt * b.vx, b.y + dt * b.vy, b.z + dt * b.vz
  end
end
for _ = 1, 1500 do advance(.01) end
return bodies[1].x
