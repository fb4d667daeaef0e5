package sdk

import (
	"context"
	"errors"
	"unicode/utf8"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// collectionHandle is what a collection's userdata holds, of key-value entries
// or of documents.
type collectionHandle struct {
	name string
	tx   *transaction // nil outside kv.transaction
}

// documentHandle keeps the two kinds of collection apart: a method of one
// cannot be called on the other.
type documentHandle struct{ collectionHandle }

// collectionName is argument 1 of kv.collection and its like.
func collectionName(args luax.Args) string {
	name := args.String(1, "name")
	if err := store.CheckCollectionName(name); err != nil {
		args.L.RaiseError("%s: argument 1 (name): %s", args.Func, err.Error())
	}
	return name
}

// keyArgument is a key or an id as argument n.
func keyArgument(args luax.Args, n int, name string) string {
	key := args.String(n, name)
	if store.CheckKey(key) != nil {
		args.L.RaiseError("%s: argument %d (%s) must be 1 to 512 bytes of UTF-8 text, got %d bytes%s", args.Func, n, name, len(key), notText(key))
	}
	return key
}

func notText(key string) string {
	if utf8.ValidString(key) {
		return ""
	}
	return " that are not UTF-8 (base64 them)"
}

// jsonArgument is argument n as JSON of at most so many bytes.
func jsonArgument(args luax.Args, n int, name string, most int) []byte {
	data, err := luax.EncodeJSON(args.L, nil, args.Any(n, name), most)
	var where *luax.EncodeError
	if errors.As(err, &where) && where.TooLong {
		args.L.RaiseError("%s: argument %d (%s) is over %d bytes of JSON", args.Func, n, name, most)
	}
	if err != nil {
		args.L.RaiseError("%s: argument %d: %s", args.Func, n, describe(name, err))
	}
	meter.From(args.L).ChargeMemory(args.L, len(data))
	return data
}

// guard raises unless the handle fits the place: the handles of a transaction
// belong inside it, all others outside.
func (h *collectionHandle) guard(args luax.Args) {
	switch block := runtime.From(args.L).Block(); {
	case h.tx == nil && block.Name != "":
		args.L.RaiseError("%s: inside %s only the collections of its argument may be used (tx.kv, tx.docs)", args.Func, block.Name)
	case h.tx != nil && h.tx.ended:
		args.L.RaiseError("%s: the transaction that this collection belongs to has ended", args.Func)
	}
}

// blocking runs a call of the store under the run's deadline and raises what
// it fails with; a conflict is returned, because scripts handle it.
func blocking(args luax.Args, call func(context.Context, *store.Store) error) (conflict *store.Error) {
	var err error
	run := runtime.From(args.L)
	run.AwaitStore(func() { err = call(run.Context(), run.Store()) })
	if err == nil {
		return nil
	}
	if errors.As(err, &conflict) && conflict.Kind == store.KindConflict {
		return conflict
	}
	raise(args, err)
	return nil
}

// raise raises what a call of the store failed with, as far as a script may know it.
func raise(args luax.Args, err error) {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		meter.From(args.L).Fail(args.L, meter.CauseTimeout, "time limit exceeded in "+args.Func)
	}
	var failure *store.Error
	if !errors.As(err, &failure) || failure.Kind == store.KindInternal {
		runtime.From(args.L).Fault(args.Func, err)
		args.L.RaiseError("%s: the database failed; the server's log says how", args.Func)
	}
	message := args.Func + ": " + failure.Message
	if failure.Code == runtime.CodeStorageFull {
		runtime.From(args.L).NoteFullDisk(message)
	}
	args.L.RaiseError("%s", message)
}

// pushConflict returns what a compare-and-set answers when it does not hold:
// first, then the version that is there.
func pushConflict(L *lua.LState, first lua.LValue, conflict *store.Error, detail string) int {
	current, _ := conflict.Details[detail].(int64)
	L.Push(first)
	L.Push(lua.LNumber(current))
	return 2
}

// pushJSON returns stored JSON as a Lua value.
func pushJSON(args luax.Args, data []byte) {
	args.L.Push(decodeStored(args, data))
}

func decodeStored(args luax.Args, data []byte) lua.LValue {
	value, err := luax.DecodeJSON(args.L, data)
	if err != nil {
		raise(args, err)
	}
	return value
}
