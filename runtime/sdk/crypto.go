package sdk

import (
	"crypto/hmac"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/sha512"
	"crypto/subtle"
	"encoding/base64"
	"encoding/hex"
	"hash"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

func cryptoModule() runtime.Module {
	return runtime.Module{
		Name: "crypto",
		Doc:  "Digests and signatures. MD5 and SHA-1 are for devices and services that ask for them; they protect nothing.",
		Funcs: []runtime.Func{
			digestFunc("sha256", "SHA-256", sha256.New, `return crypto.sha256("hello")`),
			digestFunc("sha1", "SHA-1", sha1.New, `return crypto.sha1("hello")`),
			digestFunc("md5", "MD5", md5.New, `return crypto.md5("hello", { encoding = "base64" })`),
			{
				Name: "hmac",
				Doc:  "Returns the signature of data under a secret key (HMAC, RFC 2104).",
				Params: []runtime.ParamDoc{
					{Name: "algorithm", Type: "string", Doc: `"sha256", "sha512", "sha1" or "md5".`},
					{Name: "key", Type: "string", Doc: "The secret key, any bytes."},
					{Name: "data", Type: "string", Doc: "What to sign, any bytes."},
					encodingParam(),
				},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The signature."}},
				Errors:  []string{"algorithm is not one of the four", "key or data is not a string", "an unknown option, or one of the wrong type"},
				Example: `local expected = crypto.hmac("sha256", "the secret", ctx.request.body_raw)
return crypto.equal(expected, ctx.request.headers["x-signature"] or "")`,
				Call: signHMAC,
			},
			{
				Name: "equal",
				Doc:  "Reports whether two strings are the same, in a time that does not tell how much of them is. Compare signatures with it, not with ==.",
				Params: []runtime.ParamDoc{
					{Name: "a", Type: "string", Doc: "One string."},
					{Name: "b", Type: "string", Doc: "The other."},
				},
				Returns: []runtime.ReturnDoc{{Type: "boolean", Doc: "Whether they are the same."}},
				Errors:  []string{"a or b is not a string"},
				Example: `return crypto.equal("signature", "signature")`,
				Call:    equalStrings,
			},
			{
				Name:    "random",
				Doc:     "Returns random bytes for keys and tokens, from the system's generator.",
				Params:  []runtime.ParamDoc{{Name: "n", Type: "integer", Doc: "How many, 0 to the string limit."}},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The bytes; hex.encode or base64.encode makes text of them."}},
				Errors:  []string{"n is not a whole number of at least 0"},
				Example: `return hex.encode(crypto.random(16))`,
				Call:    func(L *lua.LState) int { return pushRandomBytes(luax.Args{L: L, Func: "crypto.random"}) },
			},
		},
	}
}

func encodingParam() runtime.ParamDoc {
	return optionsDoc("How the result is written.", optionDoc("encoding", "string", `"hex" (as when left out), "base64", or "raw" for the bytes.`))
}

func digestFunc(name, title string, algorithm func() hash.Hash, example string) runtime.Func {
	return runtime.Func{
		Name:    name,
		Doc:     "Returns the " + title + " digest of data.",
		Params:  []runtime.ParamDoc{{Name: "data", Type: "string", Doc: "Any bytes."}, encodingParam()},
		Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The digest."}},
		Errors:  []string{"data is not a string", "an unknown option, or one of the wrong type"},
		Example: example,
		Call: func(L *lua.LState) int {
			args := luax.Args{L: L, Func: "crypto." + name}
			encoding := digestEncoding(args, 2)
			return pushDigest(L, algorithm(), args.String(1, "data"), encoding)
		},
	}
}

func digestEncoding(args luax.Args, n int) string {
	return args.Options(n, "options", "encoding").OneOf("encoding", "hex", "hex", "base64", "raw")
}

func signHMAC(L *lua.LState) int {
	args := luax.Args{L: L, Func: "crypto.hmac"}
	encoding := digestEncoding(args, 4)
	algorithm := hashOf(args.OneOf(1, "algorithm", "", "sha256", "sha512", "sha1", "md5"))
	key, data := args.String(2, "key"), args.String(3, "data")
	meter.From(L).Step(L, len(key)/bytesPerHashStep)
	return pushDigest(L, hmac.New(algorithm, []byte(key)), data, encoding)
}

func hashOf(algorithm string) func() hash.Hash {
	switch algorithm {
	case "md5":
		return md5.New
	case "sha1":
		return sha1.New
	case "sha512":
		return sha512.New
	default:
		return sha256.New
	}
}

// bytesPerHashStep prices hashing in instructions: SHA-256 without hardware
// help takes about 16 ns a byte on a Pi 4, an instruction about 100 ns.
const bytesPerHashStep = 8

// pushDigest hashes data piece by piece, so that the deadline is met also on a
// string that takes a while.
func pushDigest(L *lua.LState, digest hash.Hash, data, encoding string) int {
	const piece = 32 << 10
	charge := meter.From(L)
	for len(data) > 0 {
		part := data[:min(len(data), piece)]
		charge.Step(L, len(part)/bytesPerHashStep)
		digest.Write([]byte(part)) // never fails (hash.Hash)
		data = data[len(part):]
	}
	sum := digest.Sum(nil)
	switch encoding {
	case "base64":
		L.Push(lua.LString(base64.StdEncoding.EncodeToString(sum)))
	case "raw":
		L.Push(lua.LString(sum))
	default:
		L.Push(lua.LString(hex.EncodeToString(sum)))
	}
	return 1
}

func equalStrings(L *lua.LState) int {
	args := luax.Args{L: L, Func: "crypto.equal"}
	a, b := args.String(1, "a"), args.String(2, "b")
	meter.From(L).Step(L, len(a)/bytesPerHashStep)
	meter.From(L).ChargeMemory(L, len(a)+len(b)) // the copies that the comparison is made on
	L.Push(lua.LBool(subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1))
	return 1
}

// pushRandomBytes answers a call whose first argument is a number of bytes.
func pushRandomBytes(args luax.Args) int {
	L, limits := args.L, meter.From(args.L).Limits()
	data := make([]byte, chargedBytes(args, int(args.IntFrom(1, "n", 0, int64(limits.StringBytes)))))
	_, _ = rand.Read(data) // never fails (Go 1.24: it ends the process instead)
	L.Push(lua.LString(data))
	return 1
}

// chargedBytes announces a string of n bytes and its buffer, and returns n.
func chargedBytes(args luax.Args, n int) int {
	charge := meter.From(args.L)
	charge.ChargeString(args.L, n)
	charge.ChargeMemory(args.L, n)
	charge.Step(args.L, n/bytesPerHashStep)
	return n
}
