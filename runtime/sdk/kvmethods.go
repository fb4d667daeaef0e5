package sdk

import (
	"context"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/store"
)

// kvCall takes the collection off the stack and checks the key, which then is argument 1.
func kvCall(L *lua.LState, method string) (luax.Args, *collectionHandle, store.KVKey) {
	args := luax.Args{L: L, Func: method}
	handle := runtime.Receiver[*collectionHandle](L, method)
	handle.guard(args)
	key := store.KVKey{App: runtime.From(L).App(), Collection: handle.name, Key: keyArgument(args, 1, "key")}
	return args, handle, key
}

// readKV returns an entry, nil when there is none: from the cache without
// a context or a wait, else from the disk.
func readKV(args luax.Args, handle *collectionHandle, key store.KVKey) *store.KVEntry {
	if handle.tx != nil {
		return handle.tx.readKV(args, key)
	}
	return readStoredKV(args, key)
}

func readStoredKV(args luax.Args, key store.KVKey) *store.KVEntry {
	if entry, hit := runtime.From(args.L).Store().CachedKV(key); hit {
		return entry
	}
	var entry *store.KVEntry
	blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		entry, err = s.KV(ctx, key)
		return err
	})
	return entry
}

func kvGet(L *lua.LState) int {
	args, handle, key := kvCall(L, "kv:get")
	entry := readKV(args, handle, key)
	if entry == nil {
		L.Push(lua.LNil)
		return 1
	}
	pushJSON(args, entry.Value)
	if entry.Version == 0 {
		return 1 // written in this transaction: it has none yet
	}
	L.Push(lua.LNumber(entry.Version))
	return 2
}

func kvHas(L *lua.LState) int {
	args, handle, key := kvCall(L, "kv:has")
	L.Push(lua.LBool(readKV(args, handle, key) != nil))
	return 1
}

func kvSet(L *lua.LState) int {
	args, handle, key := kvCall(L, "kv:set")
	if L.Get(2) == lua.LNil {
		L.RaiseError("kv:set: argument 2 (value) is missing (kv:delete removes an entry)")
	}
	draft := store.KVWrite{Value: jsonArgument(args, 2, "value", store.MaxValueBytes), Origin: runtime.From(L).Origin()}
	known := []string{"ttl", "if_absent", "if_version", "durable"}
	if handle.tx != nil {
		known = known[:3]
	}
	options := args.Options(3, "options", known...)
	draft.TTL = ttlOption(args, options)
	draft.IfVersion = versionOption(args, options, "if_version", "if_absent")
	draft.Relaxed = !options.Bool("durable", true)
	if handle.tx != nil {
		return handle.tx.setKV(args, key, draft)
	}
	var entry *store.KVEntry
	conflict := blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		entry, err = s.SetKV(ctx, key, draft)
		return err
	})
	if conflict != nil {
		return pushConflict(L, lua.LNil, conflict, "version")
	}
	L.Push(lua.LNumber(entry.Version))
	return 1
}

// ttlOption is the option ttl, in seconds, which may have a fraction.
func ttlOption(args luax.Args, options luax.Options) time.Duration {
	if !options.Has("ttl") {
		return 0
	}
	seconds := options.Number("ttl", 0)
	if seconds <= 0 || seconds > store.MaxTTL.Seconds() {
		args.L.RaiseError("%s: option \"ttl\" must be a number of seconds above 0 and at most %.0f", args.Func, store.MaxTTL.Seconds())
	}
	return max(time.Millisecond, time.Duration(seconds*float64(time.Second)))
}

// versionOption reads the version that must be there, nil for any; the flag
// called absent stands for 0.
func versionOption(args luax.Args, options luax.Options, name, absent string) *int64 {
	onlyAbsent := absent != "" && options.Bool(absent, false)
	if !options.Has(name) {
		if onlyAbsent {
			return new(int64)
		}
		return nil
	}
	if onlyAbsent {
		args.L.RaiseError("%s: options %q and %q exclude each other", args.Func, name, absent)
	}
	version := options.Int(name, 0)
	if version < 0 {
		args.L.RaiseError("%s: option %q must be 0 or above, got %d", args.Func, name, version)
	}
	return &version
}

func kvDelete(L *lua.LState) int {
	args, handle, key := kvCall(L, "kv:delete")
	options := args.Options(2, "options", "if_version")
	deletion := store.KVDeletion{IfVersion: versionOption(args, options, "if_version", ""), Origin: runtime.From(L).Origin()}
	if handle.tx != nil {
		return handle.tx.deleteKV(args, key, deletion)
	}
	var there bool
	conflict := blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		there, err = s.DeleteKV(ctx, key, deletion)
		return err
	})
	if conflict != nil {
		return pushConflict(L, lua.LFalse, conflict, "version")
	}
	L.Push(lua.LBool(there))
	return 1
}

func kvIncrement(L *lua.LState) int {
	args, handle, key := kvCall(L, "kv:incr")
	by := int64(1)
	if L.Get(2) != lua.LNil {
		by = args.Int(2, "by")
	}
	var sum int64
	if handle.tx != nil {
		sum = handle.tx.incrementKV(args, key, by)
	} else {
		origin := runtime.From(L).Origin()
		blocking(args, func(ctx context.Context, s *store.Store) (err error) {
			sum, err = s.IncrementKV(ctx, key, by, origin)
			return err
		})
	}
	L.Push(lua.LNumber(sum))
	return 1
}
