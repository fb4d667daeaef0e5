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
    local ax, ay, az, amass = a.x, a.y, a.z, a.mass
    local vx, vy, vz = a.vx, a.vy, a.vz
    for j = i + 1, #bodies do
      local b = bodies[j]
      local dx, dy, dz = ax - b.x, ay - b.y, az - b.z
      local d2 = dx * dx + dy * dy + dz * dz
      local mag = dt / (d2 * sqrt(d2))
      local bm = b.mass * mag
      vx = vx - dx * bm
      vy = vy - dy * bm
      vz = vz - dz * bm
      bm = amass * mag
      b.vx = b.vx + dx * bm
      b.vy = b.vy + dy * bm
      b.vz = b.vz + dz * bm
    end
    a.vx = vx
    a.vy = vy
    a.vz = vz
    a.x = ax + dt * vx
    a.y = ay + dt * vy
    a.z = az + dt * vz
  end
end
for _ = 1, 1500 do advance(.01) end
return bodies[1].x
