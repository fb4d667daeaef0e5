package sdk

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

// defaultKVLimit is the page of kv:list without a limit.
const defaultKVLimit = 100

func kvListFunc() runtime.Func {
	return runtime.Func{
		Name: "list",
		Doc:  "Returns one page of entries in the order of their keys' bytes. A page ends early when its values are long.",
		Params: []runtime.ParamDoc{{Name: "query", Type: "table", Optional: true, Doc: "Which entries.", Fields: []runtime.ParamDoc{
			optionDoc("prefix", "string", "What their keys begin with."), optionDoc("cursor", "string", "The next_cursor of the page before."),
			optionDoc("limit", "integer", "1 to 1000, 100 when left out."),
		}}},
		Returns: []runtime.ReturnDoc{{Type: "table", Doc: "items: a list of { key, value, version }; next_cursor: nil on the last page."}},
		Errors:  []string{"an unknown key, or one of the wrong type", "limit is not 1 to 1000", "cursor is not from this list"},
		Example: `local page = kv.collection("seen"):list({ prefix = "door", limit = 10 })
return page.items`,
		Counted: true, Call: kvList,
	}
}

func kvEachFunc() runtime.Func {
	return runtime.Func{
		Name: "each",
		Doc: "Iterates over all entries in the order of their keys' bytes, a page at a time; each page counts as an SDK call. " +
			"An entry that is written meanwhile may or may not be seen.",
		Params: []runtime.ParamDoc{{Name: "query", Type: "table", Optional: true, Doc: "Which entries.", Fields: []runtime.ParamDoc{
			optionDoc("prefix", "string", "What their keys begin with."),
		}}},
		Returns: []runtime.ReturnDoc{{Type: "function", Doc: "For a for loop: key, value, version."}},
		Errors:  []string{"an unknown key, or one of the wrong type"},
		Example: `local n = 0
for key, value in kv.collection("seen"):each({ prefix = "door" }) do n = n + 1 end
return n`,
		Call: kvEach,
	}
}

func kvQuery(L *lua.LState, method string, known ...string) (luax.Args, *collectionHandle, store.KVQuery) {
	args := luax.Args{L: L, Func: method}
	handle := runtime.Receiver[*collectionHandle](L, method)
	handle.guard(args)
	options := args.Options(1, "query", known...)
	query := store.KVQuery{App: runtime.From(L).App(), Collection: handle.name,
		Prefix: options.String("prefix", ""), Cursor: options.String("cursor", ""), Limit: defaultKVLimit}
	if options.Has("limit") {
		limit := options.Int("limit", 0)
		if limit < 1 || limit > store.MaxKVPage {
			L.RaiseError("%s: option \"limit\" must be 1 to %d", method, store.MaxKVPage)
		}
		query.Limit = int(limit)
	}
	return args, handle, query
}

// listKV reads one page. Its bytes are charged before they become Lua values.
func listKV(args luax.Args, handle *collectionHandle, query store.KVQuery) (page store.Page[store.KVEntry]) {
	if handle.tx != nil {
		handle.tx.noteListing(args, store.DataKV, handle.name)
		query.Overlay = handle.tx.sortedWrites()
	}
	blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		page, err = s.ListKV(ctx, query)
		return err
	})
	meter.From(args.L).ChargeMemory(args.L, pageBytes(page.Items))
	return page
}

func pageBytes(entries []store.KVEntry) (size int) {
	for i := range entries {
		size += len(entries[i].Key) + len(entries[i].Value)
	}
	return size
}

func kvList(L *lua.LState) int {
	args, handle, query := kvQuery(L, "kv:list", "prefix", "cursor", "limit")
	page := listKV(args, handle, query)
	charge := meter.From(L)
	charge.ChargeMemory(L, len(page.Items)*512) // a table of three fields each
	items := luax.NewArray(L, len(page.Items))
	charge.Hold(items)
	defer charge.Release(1)
	for i := range page.Items {
		entry := &page.Items[i]
		item := L.CreateTable(0, 3)
		item.RawSetString("key", lua.LString(entry.Key))
		item.RawSetString("value", decodeStored(args, entry.Value))
		if entry.Version > 0 {
			item.RawSetString("version", lua.LNumber(entry.Version))
		}
		items.Append(item)
	}
	result := L.CreateTable(0, 2)
	result.RawSetString("items", items)
	if page.NextCursor != "" {
		result.RawSetString("next_cursor", lua.LString(page.NextCursor))
	}
	L.Push(result)
	return 1
}

var kvLoop = newLoop("kv:each", pageBytes, pushEntry)

func kvEach(L *lua.LState) int {
	_, handle, query := kvQuery(L, kvLoop.name, "prefix")
	query.Limit, query.MaxBytes = eachLimit, eachBytes
	return kvLoop.begin(L, &loopState[store.KVEntry]{handle: handle, left: -1, read: func(args luax.Args, cursor string) store.Page[store.KVEntry] {
		query.Cursor = cursor
		return listKV(args, handle, query)
	}})
}

// pushEntry pushes key, value and version; what a transaction has written has
// no version yet.
func pushEntry(args luax.Args, entry *store.KVEntry) int {
	args.L.Push(lua.LString(entry.Key))
	pushJSON(args, entry.Value)
	if entry.Version == 0 {
		return 2
	}
	args.L.Push(lua.LNumber(entry.Version))
	return 3
}
