package stdlib

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"math"
	"math/rand/v2"

	lua "github.com/yuin/gopher-lua"
)

// Random is the generator behind math.random of one run. The zero value seeds
// itself from the system's random source at first use. It is not safe for
// concurrent use and not meant for secrets.
type Random struct {
	source rand.PCG
	seeded bool
}

// Seed makes the sequence a function of seed.
func (r *Random) Seed(seed float64) {
	r.source.Seed(math.Float64bits(seed), 0x9e3779b97f4a7c15)
	r.seeded = true
}

// float answers a number in [0, 1).
func (r *Random) float() float64 {
	if !r.seeded {
		var seed [16]byte
		_, _ = cryptorand.Read(seed[:]) // never fails (Go 1.24: it ends the process instead)
		r.source.Seed(binary.LittleEndian.Uint64(seed[:8]), binary.LittleEndian.Uint64(seed[8:]))
		r.seeded = true
	}
	return float64(r.source.Uint64()>>11) / (1 << 53)
}

func (lib *Library) mathRandom(L *lua.LState) int {
	low, high := 1.0, 0.0
	bad := 1
	switch L.GetTop() {
	case 0:
		L.Push(lua.LNumber(lib.hooks.Random(L).float()))
		return 1
	case 1:
		high = math.Trunc(checkNumber(L, 1, "random"))
	case 2:
		low, high = math.Trunc(checkNumber(L, 1, "random")), math.Trunc(checkNumber(L, 2, "random"))
		bad = 2
	default:
		L.RaiseError("wrong number of arguments")
	}
	if !(low <= high) || math.IsInf(high-low, 0) {
		argumentError(L, bad, "random", "interval is empty")
	}
	pushNumber(L, math.Floor(lib.hooks.Random(L).float()*(high-low+1))+low)
	return 1
}

func (lib *Library) mathRandomSeed(L *lua.LState) int {
	lib.hooks.Random(L).Seed(checkNumber(L, 1, "randomseed"))
	return 0
}
