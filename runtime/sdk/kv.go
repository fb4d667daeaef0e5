package sdk

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
)

func kvModule(documents *runtime.Type) runtime.Module {
	collections := kvType()
	transactions, tx := transactionTable(collections, documents)
	return runtime.Module{
		Name: "kv",
		Doc: "Key-value entries of the app, in named collections. A key is 1 to 512 bytes of text, a value anything that has a JSON form, up to 256 KiB. " +
			"A write is on the card when it returns.",
		Types: []*runtime.Type{collections, transactions, kvLoop.states},
		Funcs: []runtime.Func{
			{
				Name:    "collection",
				Doc:     "Returns a collection. It need not exist: it comes into being with its first entry.",
				Params:  []runtime.ParamDoc{{Name: "name", Type: "string", Doc: "1 to 128 characters of A-Z, a-z, 0-9, '_', '.' and '-'."}},
				Returns: []runtime.ReturnDoc{{Type: "kv", Doc: "The collection, for the calls below."}},
				Errors:  []string{"name is not a valid name"},
				Example: `local sensors = kv.collection("sensors")
return sensors:get("hall")`,
				Call: func(L *lua.LState) int {
					L.Push(collections.New(L, &collectionHandle{name: collectionName(luax.Args{L: L, Func: "kv.collection"})}))
					return 1
				},
			},
			transactionFunc(tx),
		},
	}
}

// kvType describes the methods of a key-value collection.
func kvType() *runtime.Type {
	key := runtime.ParamDoc{Name: "key", Type: "string", Doc: "1 to 512 bytes of UTF-8 text."}
	return runtime.NewType("kv", "A key-value collection, from kv.collection or tx.kv.",
		runtime.Func{
			Name: "set",
			Doc:  "Stores a value. Setting a key to the value that it has costs no write and keeps its version; without ttl an expiry is taken away.",
			Params: []runtime.ParamDoc{key, {Name: "value", Type: "any", Doc: "Anything but nil that has a JSON form; json.null is a value."},
				optionsDoc("How to store it.",
					optionDoc("ttl", "number", "Seconds until it is gone."), optionDoc("if_absent", "boolean", "true: only a key that is not there."),
					optionDoc("if_version", "integer", "Only over this version, 0 for none."),
					optionDoc("durable", "boolean", "false: may lose its last second in a power cut, and saves a sync; not in a transaction."))},
			Returns: []runtime.ReturnDoc{{Type: "number", Doc: "The entry's version, which grows with each change and never repeats; nil when if_absent or if_version does not hold; true in a transaction."},
				{Type: "number", Doc: "With nil: the version that is there, 0 for none."}},
			Errors: []string{"key or value cannot be stored, or value is over 256 KiB of JSON", "an unknown option, or one of the wrong type", "the app has too many deliveries waiting (outbox_full), or the disk is full"},
			Example: `local seen = kv.collection("seen")
local version = seen:set("door", { open = true }, { ttl = 3600 })
return seen:set("door", { open = false }, { if_version = version })`,
			Counted: true, Call: kvSet,
		},
		runtime.Func{
			Name:    "get",
			Doc:     "Returns a value and its version, or nil when there is none.",
			Params:  []runtime.ParamDoc{key},
			Returns: []runtime.ReturnDoc{{Type: "any", Doc: "The value, which is the script's own to change; nil when there is none."}, {Type: "number", Doc: "Its version."}},
			Errors:  []string{"key is not 1 to 512 bytes of UTF-8 text"},
			Example: `local value, version = kv.collection("seen"):get("door")
return { there = value ~= nil, version = version }`,
			Counted: true, Call: kvGet,
		},
		runtime.Func{
			Name:    "has",
			Doc:     "Reports whether a key has a value.",
			Params:  []runtime.ParamDoc{key},
			Returns: []runtime.ReturnDoc{{Type: "boolean"}},
			Errors:  []string{"key is not 1 to 512 bytes of UTF-8 text"},
			Example: `return kv.collection("seen"):has("door")`,
			Counted: true, Call: kvHas,
		},
		runtime.Func{
			Name:    "delete",
			Doc:     "Deletes an entry.",
			Params:  []runtime.ParamDoc{key, optionsDoc("On which condition.", optionDoc("if_version", "integer", "Only this version."))},
			Returns: []runtime.ReturnDoc{{Type: "boolean", Doc: "Whether it was there and is deleted."}, {Type: "number", Doc: "When if_version does not hold: the version that is there, 0 for none."}},
			Errors:  []string{"key is not 1 to 512 bytes of UTF-8 text", "an unknown option, or one of the wrong type"},
			Example: `return kv.collection("seen"):delete("door")`,
			Counted: true, Call: kvDelete,
		},
		runtime.Func{
			Name:    "incr",
			Doc:     "Adds to a whole number, which counts from 0 when there is none, in one step that no other write can come between. The expiry stays.",
			Params:  []runtime.ParamDoc{key, {Name: "by", Type: "number", Optional: true, Doc: "A whole number, 1 when left out; may be below 0."}},
			Returns: []runtime.ReturnDoc{{Type: "number", Doc: "The sum."}},
			Errors:  []string{"something else than a whole number is stored there", "the sum would be beyond 2^53", "by is not a whole number"},
			Example: `return kv.collection("counters"):incr("visits")`,
			Counted: true, Call: kvIncrement,
		},
		kvListFunc(),
		kvEachFunc(),
	)
}
