package sdk

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/store"
)

// docsCall takes the collection off the stack.
func docsCall(L *lua.LState, method string) (luax.Args, *documentHandle) {
	args := luax.Args{L: L, Func: method}
	handle := runtime.Receiver[*documentHandle](L, method)
	handle.guard(args)
	return args, handle
}

func (h *documentHandle) key(args luax.Args) store.DocumentKey {
	return store.DocumentKey{App: runtime.From(args.L).App(), Collection: h.name, ID: keyArgument(args, 1, "id")}
}

// documentArgument is argument n as a JSON object.
func documentArgument(args luax.Args, n int, name string) []byte {
	args.Table(n, name)
	data := jsonArgument(args, n, name, store.MaxDocumentBytes)
	if data[0] != '{' {
		args.L.RaiseError("%s: argument %d (%s) must be a table with fields, not a list", args.Func, n, name)
	}
	return data
}

func docsInsert(L *lua.LState) int {
	args, handle := docsCall(L, "docs:insert")
	draft := store.DocumentWrite{Data: documentArgument(args, 1, "data"), Origin: runtime.From(L).Origin()}
	options := args.Options(2, "options", "id")
	key := store.DocumentKey{App: runtime.From(L).App(), Collection: handle.name, ID: options.String("id", "")}
	if options.Has("id") && store.CheckKey(key.ID) != nil {
		L.RaiseError("%s: option \"id\" must be 1 to 512 bytes of UTF-8 text", args.Func)
	}
	if handle.tx != nil {
		return handle.tx.insertDocument(args, key, draft)
	}
	var document *store.Document
	conflict := blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		document, err = s.InsertDocument(ctx, key, draft)
		return err
	})
	if conflict != nil {
		return pushConflict(L, lua.LNil, conflict, "rev")
	}
	L.Push(lua.LString(document.ID))
	L.Push(lua.LNumber(document.Rev))
	return 2
}

func docsReplace(L *lua.LState) int {
	args, handle := docsCall(L, "docs:replace")
	return updateDocument(args, handle, "data", func(ctx context.Context, s *store.Store, key store.DocumentKey, draft store.DocumentWrite) (*store.Document, error) {
		return s.ReplaceDocument(ctx, key, draft)
	}, func(_ []byte, data []byte) []byte { return data })
}

func docsPatch(L *lua.LState) int {
	args, handle := docsCall(L, "docs:patch")
	return updateDocument(args, handle, "changes", func(ctx context.Context, s *store.Store, key store.DocumentKey, draft store.DocumentWrite) (*store.Document, error) {
		return s.PatchDocument(ctx, key, draft)
	}, func(old []byte, changes []byte) (merged []byte) {
		blocking(args, func(ctx context.Context, s *store.Store) (err error) {
			merged, err = s.MergeDocument(ctx, old, changes)
			return err
		})
		return merged
	})
}

// updateDocument is replace and patch: update does it in the store, merge in a transaction.
func updateDocument(args luax.Args, handle *documentHandle, name string,
	update func(context.Context, *store.Store, store.DocumentKey, store.DocumentWrite) (*store.Document, error), merge func(old, data []byte) []byte) int {
	L, key := args.L, handle.key(args)
	draft := store.DocumentWrite{Data: documentArgument(args, 2, name), Origin: runtime.From(L).Origin()}
	draft.IfRev = versionOption(args, args.Options(3, "options", "rev"), "rev", "")
	if handle.tx != nil {
		return handle.tx.updateDocument(args, key, draft, merge)
	}
	var document *store.Document
	conflict := blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		document, err = update(ctx, s, key, draft)
		if store.KindOf(err) == store.KindNotFound && err != nil {
			return nil
		}
		return err
	})
	switch {
	case conflict != nil:
		return pushConflict(L, lua.LNil, conflict, "rev")
	case document == nil:
		L.Push(lua.LNil)
		L.Push(lua.LNumber(0))
		return 2
	}
	L.Push(lua.LNumber(document.Rev))
	return 1
}

func docsDelete(L *lua.LState) int {
	args, handle := docsCall(L, "docs:delete")
	key := handle.key(args)
	deletion := store.DocumentDeletion{Origin: runtime.From(L).Origin()}
	deletion.IfRev = versionOption(args, args.Options(2, "options", "rev"), "rev", "")
	if handle.tx != nil {
		return handle.tx.deleteDocument(args, key, deletion)
	}
	var there bool
	conflict := blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		there, err = s.DeleteDocument(ctx, key, deletion)
		return err
	})
	if conflict != nil {
		return pushConflict(L, lua.LFalse, conflict, "rev")
	}
	L.Push(lua.LBool(there))
	return 1
}

func docsEnsureIndex(L *lua.LState) int {
	args, handle := docsCall(L, "docs:ensure_index")
	if handle.tx != nil {
		L.RaiseError("%s may not be called inside kv.transaction", args.Func)
	}
	fields := []string{args.String(1, "field")}
	for n := 2; n <= L.GetTop(); n++ {
		fields = append(fields, args.String(n, "field"))
	}
	app := runtime.From(L).App()
	blocking(args, func(ctx context.Context, s *store.Store) error {
		return s.EnsureDocumentIndex(ctx, app, handle.name, fields)
	})
	return 0
}
