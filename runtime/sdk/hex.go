package sdk

import (
	"encoding/hex"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

func hexModule() runtime.Module {
	return runtime.Module{
		Name: "hex",
		Doc:  "Bytes as pairs of hexadecimal digits.",
		Funcs: []runtime.Func{
			{
				Name:    "encode",
				Doc:     "Returns bytes as hexadecimal digits in lower case.",
				Params:  []runtime.ParamDoc{{Name: "data", Type: "string", Doc: "Any bytes."}},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "Two digits for each byte."}},
				Errors:  []string{"data is not a string"},
				Example: `return hex.encode("\1\171")`,
				Call:    encodeHex,
			},
			{
				Name:    "decode",
				Doc:     "Returns the bytes of hexadecimal digits, in either case.",
				Params:  []runtime.ParamDoc{{Name: "text", Type: "string", Doc: "An even number of digits and nothing else."}},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The bytes."}},
				Errors:  []string{"text is not a string, has an odd length, or has something else than digits: the error gives the byte"},
				Example: `return hex.decode("4f4b")`,
				Call:    decodeHex,
			},
		},
	}
}

func encodeHex(L *lua.LState) int {
	data := luax.Args{L: L, Func: "hex.encode"}.String(1, "data")
	meter.From(L).ChargeString(L, hex.EncodedLen(len(data)))
	L.Push(lua.LString(hex.EncodeToString([]byte(data))))
	return 1
}

func decodeHex(L *lua.LState) int {
	text := luax.Args{L: L, Func: "hex.decode"}.String(1, "text")
	if len(text)%2 != 0 {
		L.RaiseError("hex.decode: argument 1 (text) must have an even number of digits, got %d", len(text))
	}
	meter.From(L).ChargeString(L, len(text))
	data, err := hex.DecodeString(text)
	if err != nil { // of an even length only a foreign byte is left; data is what came before it
		L.RaiseError("hex.decode: argument 1 (text) is not hexadecimal (at byte %d)", foreignDigit(text, 2*len(data)))
	}
	L.Push(lua.LString(data))
	return 1
}

// foreignDigit is the position, from 1, of the first byte from start on that is
// no hexadecimal digit.
func foreignDigit(text string, start int) int {
	for i := start; i < len(text); i++ {
		if _, err := hex.DecodeString("0" + text[i:i+1]); err != nil {
			return i + 1
		}
	}
	return len(text)
}
