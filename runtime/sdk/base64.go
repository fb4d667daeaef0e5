package sdk

import (
	"encoding/base64"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

func base64Module() runtime.Module {
	alphabet := optionsDoc("How the text is written.",
		optionDoc("url", "boolean", "true for the alphabet with - and _ and no padding, as in addresses and tokens (RFC 4648, section 5)."))
	return runtime.Module{
		Name: "base64",
		Doc:  "Bytes as text of 64 characters (RFC 4648), for binary data in JSON.",
		Funcs: []runtime.Func{
			{
				Name:    "encode",
				Doc:     "Returns bytes as base64.",
				Params:  []runtime.ParamDoc{{Name: "data", Type: "string", Doc: "Any bytes."}, alphabet},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The text, without line breaks."}},
				Errors:  []string{"data is not a string", "an unknown option, or one of the wrong type"},
				Example: `return base64.encode("user:password")`,
				Call:    encodeBase64,
			},
			{
				Name:    "decode",
				Doc:     "Returns the bytes of a base64 text. Padding may be there or not; line breaks are skipped.",
				Params:  []runtime.ParamDoc{{Name: "text", Type: "string", Doc: "The text."}, alphabet},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The bytes."}},
				Errors:  []string{"text is not a string, or is not base64: the error gives the byte", "an unknown option, or one of the wrong type"},
				Example: `return base64.decode("aGVsbG8")`,
				Call:    decodeBase64,
			},
		},
	}
}

// base64Encoding is the encoding that the options at n ask for, without padding.
func base64Encoding(args luax.Args, n int) (encoding *base64.Encoding, url bool) {
	if args.Options(n, "options", "url").Bool("url", false) {
		return base64.RawURLEncoding, true
	}
	return base64.RawStdEncoding, false
}

func encodeBase64(L *lua.LState) int {
	args := luax.Args{L: L, Func: "base64.encode"}
	encoding, url := base64Encoding(args, 2)
	if !url {
		encoding = base64.StdEncoding
	}
	data := args.String(1, "data")
	meter.From(L).ChargeString(L, encoding.EncodedLen(len(data)))
	L.Push(lua.LString(encoding.EncodeToString([]byte(data))))
	return 1
}

func decodeBase64(L *lua.LState) int {
	args := luax.Args{L: L, Func: "base64.decode"}
	encoding, _ := base64Encoding(args, 2)
	text := args.String(1, "text")
	meter.From(L).ChargeString(L, len(text))
	data, err := encoding.DecodeString(strings.TrimRight(text, "=\r\n"))
	if err != nil {
		L.RaiseError("base64.decode: argument 1 (text) is not base64 (%s)", faultAt(err))
	}
	L.Push(lua.LString(data))
	return 1
}

// faultAt says where a decoder stopped, counting bytes from 1 as Lua does.
func faultAt(err error) string {
	if at, ok := err.(base64.CorruptInputError); ok {
		return "at byte " + lua.LNumber(at+1).String()
	}
	return err.Error()
}
