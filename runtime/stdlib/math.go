package stdlib

import (
	"math"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime/luax"
)

func (lib *Library) mathTable() map[string]lua.LValue {
	table := functions(map[string]lua.LGFunction{
		"atan2": twoNumbers("atan2", math.Atan2), "fmod": twoNumbers("fmod", math.Mod), "mod": twoNumbers("mod", math.Mod),
		"pow": twoNumbers("pow", math.Pow), "frexp": mathFrexp, "ldexp": mathLdexp, "modf": mathModf,
		"max":    extreme("max", func(a, b float64) bool { return a > b }),
		"min":    extreme("min", func(a, b float64) bool { return a < b }),
		"random": lib.mathRandom, "randomseed": lib.mathRandomSeed,
	})
	for name, f := range map[string]func(float64) float64{
		"abs": math.Abs, "acos": math.Acos, "asin": math.Asin, "atan": math.Atan, "ceil": math.Ceil,
		"cos": math.Cos, "cosh": math.Cosh, "deg": toDegrees, "exp": math.Exp, "floor": math.Floor,
		"log": math.Log, "log10": log10, "rad": toRadians, "sin": math.Sin, "sinh": math.Sinh,
		"sqrt": math.Sqrt, "tan": math.Tan, "tanh": math.Tanh,
	} {
		table[name] = luax.Function(oneNumber(name, f))
	}
	table["huge"] = lua.LNumber(math.Inf(1))
	table["pi"] = lua.LNumber(math.Pi)
	return table
}

func toDegrees(x float64) float64 { return x / (math.Pi / 180) }
func toRadians(x float64) float64 { return x * (math.Pi / 180) }

// log10 is exact for powers of ten, as C's is and Go's is not.
func log10(x float64) float64 {
	result := math.Log10(x)
	if whole := math.Round(result); math.Abs(result-whole) < 1e-9 && math.Pow10(int(whole)) == x {
		return whole
	}
	return result
}

func pushNumber(L *lua.LState, f float64) {
	if i := int(f); i >= 0 && i < len(smallIntegers) && float64(i) == f && (i > 0 || !math.Signbit(f)) {
		L.Push(smallIntegers[i])
		return
	}
	L.Push(lua.LNumber(f))
}

func oneNumber(name string, f func(float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		pushNumber(L, f(checkNumber(L, 1, name)))
		return 1
	}
}

func twoNumbers(name string, f func(a, b float64) float64) lua.LGFunction {
	return func(L *lua.LState) int {
		pushNumber(L, f(checkNumber(L, 1, name), checkNumber(L, 2, name)))
		return 1
	}
}

// extreme picks the argument that better prefers to all before it.
func extreme(name string, better func(a, b float64) bool) lua.LGFunction {
	return func(L *lua.LState) int {
		best := checkNumber(L, 1, name)
		for i := 2; i <= L.GetTop(); i++ {
			if x := checkNumber(L, i, name); better(x, best) {
				best = x
			}
		}
		pushNumber(L, best)
		return 1
	}
}

func mathFrexp(L *lua.LState) int {
	fraction, exponent := math.Frexp(checkNumber(L, 1, "frexp"))
	pushNumber(L, fraction)
	L.Push(integer(exponent))
	return 2
}

func mathLdexp(L *lua.LState) int {
	exponent := checkInt(L, 2, "ldexp")
	pushNumber(L, math.Ldexp(checkNumber(L, 1, "ldexp"), min(max(exponent, -10000), 10000)))
	return 1
}

func mathModf(L *lua.LState) int {
	f := checkNumber(L, 1, "modf")
	whole, fraction := math.Modf(f)
	if math.IsInf(f, 0) {
		whole, fraction = f, 0
	}
	pushNumber(L, whole)
	pushNumber(L, fraction)
	return 2
}
