package sdk

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

const (
	// transactionTries is how often the function of kv.transaction runs (spec 3, "Data").
	transactionTries = 5
	// maxTransactionBytes bounds what a transaction may write, so that the
	// writer, and all who wait for it, are busy with one for a moment only.
	maxTransactionBytes = 4 << 20
)

// transaction remembers what its function has read, with versions, and what it
// wants to write. Nothing is locked meanwhile.
type transaction struct {
	reads    map[store.DataKey]int64
	listings []store.DataListing
	writes   map[store.DataKey]store.DataWrite
	bytes    int // of writes
	ended    bool
}

func transactionFunc(tx *lua.LTable) runtime.Func {
	return runtime.Func{
		Name: "transaction",
		Doc: "Calls a function whose reads and writes, through its argument, commit together or not at all. What it has read is checked when it commits; " +
			"if something of that has changed it runs again, up to five times in all. A listing or search counts as changed when anything in its collection has.",
		Params: []runtime.ParamDoc{{Name: "fn", Type: "function", Doc: "Gets tx, with tx.kv(name) and tx.docs(name) for collections. An error in it ends the transaction and writes nothing."}},
		Returns: []runtime.ReturnDoc{
			{Type: "any", Doc: "What the function returned when it was committed."},
		},
		Errors: []string{
			"all five tries met a conflict", "it is called inside a transaction", "fn calls something that cannot be taken back, such as http, email or topics",
			"its writes are over 4 MiB together", "what fn raises",
		},
		Example: `return kv.transaction(function(tx)
  local accounts = tx.kv("accounts")
  local a, b = accounts:get("a") or 10, accounts:get("b") or 0
  accounts:set("a", a - 1)
  accounts:set("b", b + 1)
  return b + 1
end)`,
		Call: func(L *lua.LState) int { return runTransaction(L, tx) },
	}
}

// transactionTable describes tx, which is one table for all runs: its functions
// know their transaction from the run.
func transactionTable(kv, docs *runtime.Type) (*runtime.Type, *lua.LTable) {
	name := []runtime.ParamDoc{{Name: "name", Type: "string", Doc: "As for kv.collection."}}
	wrong := []string{"name is not a valid name", "the transaction has ended"}
	return runtime.NewTable("tx", "A transaction, as kv.transaction gives it to its function.",
		runtime.Func{
			Name: "kv", Doc: "Returns a key-value collection whose calls belong to the transaction.", Params: name, Errors: wrong,
			Returns: []runtime.ReturnDoc{{Type: "kv", Doc: "As from kv.collection."}},
			Example: `return kv.transaction(function(tx) return tx.kv("counters"):incr("visits") end)`,
			Call: func(L *lua.LState) int {
				tx, name := transactionCollection(luax.Args{L: L, Func: "tx.kv"})
				L.Push(kv.New(L, &collectionHandle{name: name, tx: tx}))
				return 1
			},
		},
		runtime.Func{
			Name: "docs", Doc: "Returns a document collection whose calls belong to the transaction.", Params: name, Errors: wrong,
			Returns: []runtime.ReturnDoc{{Type: "docs", Doc: "As from docs.collection."}},
			Example: `return kv.transaction(function(tx) return tx.docs("readings"):get("latest") end)`,
			Call: func(L *lua.LState) int {
				tx, name := transactionCollection(luax.Args{L: L, Func: "tx.docs"})
				L.Push(docs.New(L, &documentHandle{collectionHandle{name: name, tx: tx}}))
				return 1
			},
		},
	)
}

func transactionCollection(args luax.Args) (*transaction, string) {
	tx, ok := runtime.From(args.L).Block().Value.(*transaction)
	if !ok {
		args.L.RaiseError("%s: the transaction has ended", args.Func)
	}
	return tx, collectionName(args)
}

func runTransaction(L *lua.LState, shown *lua.LTable) int {
	args := luax.Args{L: L, Func: "kv.transaction"}
	fn, ok := L.Get(1).(*lua.LFunction)
	if !ok {
		args.Fail(1, "fn", "must be a function")
	}
	if runtime.From(L).Block().Name != "" {
		L.RaiseError("%s may not be called inside a transaction", args.Func)
	}
	for range transactionTries {
		meter.From(L).ChargeSDKCall(L)
		L.SetTop(1)
		if tryTransaction(args, fn, shown) {
			return L.GetTop() - 1
		}
	}
	L.RaiseError("%s: gave up after %d tries: what it reads was changed by others each time", args.Func, transactionTries)
	return 0
}

// tryTransaction calls fn once and leaves its results on the stack; false when
// they are void because of a conflict.
func tryTransaction(args luax.Args, fn *lua.LFunction, shown *lua.LTable) bool {
	L, run := args.L, runtime.From(args.L)
	tx := &transaction{reads: map[store.DataKey]int64{}, writes: map[store.DataKey]store.DataWrite{}}
	leave := run.Enter(runtime.Block{Name: args.Func, Value: tx})
	defer func() {
		leave()
		tx.ended = true
		meter.From(L).AddExtra(int64(-tx.bytes))
	}()
	L.Push(fn)
	L.Push(shown)
	L.Call(1, lua.MultRet)
	conflict := blocking(args, func(ctx context.Context, s *store.Store) error { return s.CommitData(ctx, tx.commit(run)) })
	if conflict != nil && conflict.Code != "transaction_conflict" {
		raise(args, conflict)
	}
	return conflict == nil
}

// commit is the transaction as the store takes it, in a fixed order.
func (tx *transaction) commit(run *runtime.Run) store.DataCommit {
	commit := store.DataCommit{App: run.App(), Listings: tx.listings, Origin: run.Origin()}
	for key, version := range tx.reads {
		commit.Reads = append(commit.Reads, store.DataRead{DataKey: key, Version: version})
	}
	commit.Writes = tx.sortedWrites()
	return commit
}

func (tx *transaction) sortedWrites() []store.DataWrite {
	return slices.SortedFunc(maps.Values(tx.writes), func(a, b store.DataWrite) int {
		return cmp.Or(strings.Compare(string(a.Kind), string(b.Kind)), strings.Compare(a.Collection, b.Collection), strings.Compare(a.Key, b.Key))
	})
}

// note remembers the version that was first seen under a key: the script has
// relied on it, also when it sees another one later.
func (tx *transaction) note(key store.DataKey, version int64) {
	if _, seen := tx.reads[key]; !seen {
		tx.reads[key] = version
	}
}

// noteListing is called before a collection is listed or searched.
func (tx *transaction) noteListing(args luax.Args, kind store.DataKind, name string) {
	for _, listing := range tx.listings {
		if listing.Kind == kind && listing.Collection == name {
			return // an earlier position is the stricter one
		}
	}
	tx.listings = append(tx.listings, store.DataListing{Kind: kind, Collection: name, Position: runtime.From(args.L).Store().DataPosition()})
}

// put remembers a write, the last one for its key.
func (tx *transaction) put(args luax.Args, w store.DataWrite) {
	old := tx.writes[w.DataKey]
	added := len(w.Value) + len(w.Key) - len(old.Value)
	if old.Key != "" {
		added -= len(w.Key)
	}
	if tx.bytes+added > maxTransactionBytes {
		args.L.RaiseError("%s: the transaction's writes are over %d bytes together", args.Func, maxTransactionBytes)
	}
	tx.writes[w.DataKey] = w
	tx.bytes += added
	meter.From(args.L).AddExtra(int64(added))
}

func kvDataKey(key store.KVKey) store.DataKey {
	return store.DataKey{Kind: store.DataKV, Collection: key.Collection, Key: key.Key}
}

// readKV returns what the transaction has written, else what is stored. An
// entry of its own has no version yet.
func (tx *transaction) readKV(args luax.Args, key store.KVKey) *store.KVEntry {
	if w, written := tx.writes[kvDataKey(key)]; written {
		if w.Value == nil {
			return nil
		}
		return &store.KVEntry{Key: key.Key, Value: w.Value}
	}
	entry := readStoredKV(args, key)
	if entry == nil {
		tx.note(kvDataKey(key), 0)
	} else {
		tx.note(kvDataKey(key), entry.Version)
	}
	return entry
}

// holds checks if_absent and if_version against what the transaction sees, and
// pushes the answer when they do not hold.
func (tx *transaction) holds(args luax.Args, entry *store.KVEntry, wanted *int64, first lua.LValue) bool {
	current := int64(0)
	switch {
	case entry == nil:
	case entry.Version == 0 && *wanted > 0:
		args.L.RaiseError("%s: option \"if_version\" cannot be used on what this transaction has written: it has no version yet", args.Func)
	case entry.Version == 0:
		current = -1 // its own: there is something
	default:
		current = entry.Version
	}
	if current == *wanted {
		return true
	}
	args.L.Push(first)
	args.L.Push(lua.LNumber(max(0, current)))
	return false
}

func (tx *transaction) setKV(args luax.Args, key store.KVKey, draft store.KVWrite) int {
	if draft.IfVersion != nil && !tx.holds(args, tx.readKV(args, key), draft.IfVersion, lua.LNil) {
		return 2
	}
	tx.put(args, store.DataWrite{DataKey: kvDataKey(key), Value: draft.Value, TTL: draft.TTL})
	args.L.Push(lua.LTrue)
	return 1
}

func (tx *transaction) deleteKV(args luax.Args, key store.KVKey, deletion store.KVDeletion) int {
	entry := tx.readKV(args, key)
	if deletion.IfVersion != nil && !tx.holds(args, entry, deletion.IfVersion, lua.LFalse) {
		return 2
	}
	if entry != nil {
		tx.put(args, store.DataWrite{DataKey: kvDataKey(key)})
	}
	args.L.Push(lua.LBool(entry != nil))
	return 1
}

// incrementKV keeps the expiry: what the transaction set, or what is stored.
func (tx *transaction) incrementKV(args luax.Args, key store.KVKey, by int64) int64 {
	entry := tx.readKV(args, key)
	var value []byte
	w := store.DataWrite{DataKey: kvDataKey(key)}
	if entry != nil {
		value = entry.Value
	}
	sum, err := store.Increment(value, by)
	if err != nil {
		raise(args, err)
	}
	if old, written := tx.writes[w.DataKey]; written {
		w.TTL, w.ExpiresAt = old.TTL, old.ExpiresAt
	} else if entry != nil {
		w.ExpiresAt = entry.ExpiresAt
	}
	w.Value = strconv.AppendInt(nil, sum, 10)
	tx.put(args, w)
	return sum
}
