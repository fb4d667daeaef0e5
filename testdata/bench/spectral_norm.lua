-- numeric loops over arrays with a function call in the middle
local function a(i, j)
  local ij = i + j - 1
  return 1 / (ij * (ij - 1) * .5 + i)
end
local function multiply(n, x, y, transposed)
  for i = 1, n do
    local sum = 0
    for j = 1, n do
      sum = sum + x[j] * (transposed and a(j, i) or a(i, j))
    end
    y[i] = sum
  end
end
local n = 60
local u, v, t = {}, {}, {}
for i = 1, n do u[i] = 1 end
for _ = 1, 8 do
  multiply(n, u, t, false)
  multiply(n, t, v, true)
  multiply(n, v, t, false)
  multiply(n, t, u, true)
end
local uv, vv = 0, 0
for i = 1, n do
  uv = uv + u[i] * v[i]
  vv = vv + v[i] * v[i]
end
return math.sqrt(uv / vv)
