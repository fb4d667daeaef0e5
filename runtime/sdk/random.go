package sdk

import (
	cryptorand "crypto/rand"
	"encoding/binary"
	"math/rand/v2"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// defaultAlphabet is what random.string draws from: letters and digits pass
// through addresses, file names and forms unchanged.
const defaultAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"

// maxAlphabet bounds an alphabet; there are no more bytes to draw from.
const maxAlphabet = 256

// systemSource is the system's generator, fit for keys and tokens. It fetches
// bits for several draws at once: a fetch is a system call.
type systemSource struct {
	buffer []byte // at least 8 bytes
	ahead  []byte // the part of it that has not been drawn
}

// Uint64 returns 64 random bits.
func (s *systemSource) Uint64() uint64 {
	if len(s.ahead) < 8 {
		s.ahead = s.buffer
		_, _ = cryptorand.Read(s.ahead) // never fails (Go 1.24: it ends the process instead)
	}
	bits := binary.LittleEndian.Uint64(s.ahead)
	s.ahead = s.ahead[8:]
	return bits
}

// random draws without bias; draws is how often it will be asked, about.
func random(draws int) *rand.Rand {
	return rand.New(&systemSource{buffer: make([]byte, 8*min(max(draws, 1), 64))})
}

func randomModule() runtime.Module {
	return runtime.Module{
		Name:  "random",
		Doc:   "Random values from the system's generator, fit for tokens. math.random is quicker and can be seeded, and is no good for secrets.",
		Funcs: append(randomNumbers(), randomIDs()...),
	}
}

func randomNumbers() []runtime.Func {
	list := runtime.ParamDoc{Name: "list", Type: "table", Doc: "A list without gaps."}
	return []runtime.Func{
		{
			Name: "int",
			Doc:  "Returns a whole number from low to high, both included, each as likely.",
			Params: []runtime.ParamDoc{
				{Name: "low", Type: "integer", Doc: "The least, from -2^53."},
				{Name: "high", Type: "integer", Doc: "The greatest, at least low, up to 2^53."},
			},
			Returns: []runtime.ReturnDoc{{Type: "integer", Doc: "The number."}},
			Errors:  []string{"low or high is not a whole number within 2^53", "high is below low"},
			Example: `return random.int(1, 6)`,
			Call:    randomInt,
		},
		{
			Name:    "float",
			Doc:     "Returns a number from 0 up to, but not including, 1.",
			Returns: []runtime.ReturnDoc{{Type: "number", Doc: "The number."}},
			Errors:  []string{"never"},
			Example: `return random.float() < 0.5`,
			Call: func(L *lua.LState) int {
				L.Push(lua.LNumber(random(1).Float64()))
				return 1
			},
		},
		{
			Name:    "choice",
			Doc:     "Returns one item of a list, each as likely.",
			Params:  []runtime.ParamDoc{list},
			Returns: []runtime.ReturnDoc{{Type: "any", Doc: "The item; nil of an empty list."}},
			Errors:  []string{"list is not a table"},
			Example: `return random.choice({ "red", "green", "blue" })`,
			Call:    randomChoice,
		},
		{
			Name:    "shuffle",
			Doc:     "Returns the items of a list in a new list, in any order, each as likely.",
			Params:  []runtime.ParamDoc{list},
			Returns: []runtime.ReturnDoc{{Type: "table", Doc: "The new list."}},
			Errors:  []string{"list is not a table, or has a gap"},
			Example: `return random.shuffle({ 1, 2, 3 })`,
			Call:    randomShuffle,
		},
	}
}

func randomIDs() []runtime.Func {
	return []runtime.Func{
		{
			Name:    "bytes",
			Doc:     "Returns random bytes.",
			Params:  []runtime.ParamDoc{{Name: "n", Type: "integer", Doc: "How many, 0 to the string limit."}},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The bytes."}},
			Errors:  []string{"n is not a whole number of at least 0"},
			Example: `return base64.encode(random.bytes(24), { url = true })`,
			Call:    func(L *lua.LState) int { return pushRandomBytes(luax.Args{L: L, Func: "random.bytes"}) },
		},
		{
			Name: "string",
			Doc:  "Returns a random text, such as a token: 22 letters and digits hold 130 bits.",
			Params: []runtime.ParamDoc{
				{Name: "n", Type: "integer", Doc: "How many characters, 0 to the string limit."},
				{Name: "alphabet", Type: "string", Optional: true, Doc: "What to draw from, 1 to 256 single-byte characters; letters and digits when left out."},
			},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The text."}},
			Errors:  []string{"n is not a whole number of at least 0", "alphabet is empty or longer than 256 bytes"},
			Example: `return { token = random.string(22), pin = random.string(6, "0123456789") }`,
			Call:    randomString,
		},
		{
			Name:    "uuid",
			Doc:     "Returns a random UUID (version 4).",
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "36 characters in lower case."}},
			Errors:  []string{"never"},
			Example: `return random.uuid()`,
			Call: func(L *lua.LState) int {
				L.Push(lua.LString(uuid.NewString()))
				return 1
			},
		},
		{
			Name:    "uuid7",
			Doc:     "Returns a UUID that begins with the time (version 7, RFC 9562), so that later ones sort behind those of an earlier millisecond.",
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "36 characters in lower case."}},
			Errors:  []string{"never"},
			Example: `return random.uuid7()`,
			Call:    randomUUID7,
		},
	}
}

func randomInt(L *lua.LState) int {
	args := luax.Args{L: L, Func: "random.int"}
	low := args.Int(1, "low")
	high := args.IntFrom(2, "high", low, luax.MaxInteger)
	L.Push(lua.LNumber(low + random(1).Int64N(high-low+1)))
	return 1
}

func randomString(L *lua.LState) int {
	args := luax.Args{L: L, Func: "random.string"}
	length := int(args.IntFrom(1, "n", 0, int64(meter.From(L).Limits().StringBytes)))
	alphabet := args.OptString(2, "alphabet", defaultAlphabet)
	if alphabet == "" || len(alphabet) > maxAlphabet {
		L.RaiseError("random.string: argument 2 (alphabet) must have 1 to %d bytes, got %d", maxAlphabet, len(alphabet))
	}
	text, source := make([]byte, chargedBytes(args, length)), random(length)
	for i := range text {
		meter.From(L).Step(L, 1)
		text[i] = alphabet[source.IntN(len(alphabet))]
	}
	L.Push(lua.LString(text))
	return 1
}

func randomChoice(L *lua.LState) int {
	list := luax.Args{L: L, Func: "random.choice"}.Table(1, "list")
	n := list.Len()
	if n == 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(list.RawGetInt(1 + random(1).IntN(n)))
	return 1
}

func randomShuffle(L *lua.LState) int {
	list := luax.Args{L: L, Func: "random.shuffle"}.Table(1, "list")
	n, charge := list.Len(), meter.From(L)
	charge.ChargeMemory(L, tableBytes+n*itemBytes)
	shuffled, source := luax.NewArray(L, n), random(n)
	for i := 1; i <= n; i++ { // Fisher and Yates, from the inside out
		charge.Step(L, 2)
		item := list.RawGetInt(i)
		if item == lua.LNil {
			L.RaiseError("random.shuffle: argument 1 (list) has a gap at %d", i)
		}
		shuffled.Append(item)
		at := 1 + source.IntN(i)
		shuffled.RawSetInt(i, shuffled.RawGetInt(at))
		shuffled.RawSetInt(at, item)
	}
	L.Push(shuffled)
	return 1
}

// randomUUID7 takes the time from the run's clock, which uuid.NewV7 would not.
func randomUUID7(L *lua.LState) int {
	id := uuid.New()
	milliseconds := uint64(runtime.From(L).Now())
	var stamp [8]byte
	binary.BigEndian.PutUint64(stamp[:], milliseconds<<16)
	copy(id[:6], stamp[:6])
	id[6] = id[6]&0x0f | 0x70
	L.Push(lua.LString(id.String()))
	return 1
}
