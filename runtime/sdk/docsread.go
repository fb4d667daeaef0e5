package sdk

import (
	"context"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/store"
)

const (
	// maxQueryBytes bounds a query as JSON.
	maxQueryBytes = 64 << 10
	// documentTables is what a document's table and its own fields allocate.
	documentTables = 768
)

func docsGet(L *lua.LState) int {
	args, handle := docsCall(L, "docs:get")
	document := readDocument(args, handle, handle.key(args))
	if document == nil {
		L.Push(lua.LNil)
		return 1
	}
	pushJSON(args, document.Data)
	meter.From(L).ChargeMemory(L, documentTables)
	meta := L.CreateTable(0, 3)
	setMeta(meta, document)
	L.Push(meta)
	return 2
}

// setMeta sets what the platform keeps of a document. What a transaction has
// written has no rev yet.
func setMeta(to *lua.LTable, document *store.Document) {
	if document.Rev > 0 {
		to.RawSetString("rev", lua.LNumber(document.Rev))
	}
	to.RawSetString("created_at", lua.LString(document.CreatedAt.String()))
	to.RawSetString("updated_at", lua.LString(document.UpdatedAt.String()))
}

// readDocument returns a document, nil when there is none. Its bytes are
// charged before they become Lua values.
func readDocument(args luax.Args, handle *documentHandle, key store.DocumentKey) *store.Document {
	if handle.tx != nil {
		return handle.tx.readDocument(args, key)
	}
	return readStoredDocument(args, key)
}

func readStoredDocument(args luax.Args, key store.DocumentKey) (document *store.Document) {
	blocking(args, func(ctx context.Context, s *store.Store) (err error) {
		document, err = s.Document(ctx, key)
		return err
	})
	if document != nil {
		meter.From(args.L).ChargeMemory(args.L, len(document.Data))
	}
	return document
}

// queryArgument is argument 1 as a query; none asks for everything.
func queryArgument(args luax.Args, handle *documentHandle) *store.DocumentQuery {
	text := []byte("{}")
	if args.OptTable(1, "query") != nil {
		text = jsonArgument(args, 1, "query", maxQueryBytes)
	}
	query, err := store.ParseDocumentQuery(text, store.MaxDocumentPage)
	if err != nil {
		raise(args, err)
	}
	if handle.tx != nil {
		query.Overlay = handle.tx.sortedWrites()
	}
	return query
}

// findDocuments reads one page, and notes in the execution record how.
func findDocuments(args luax.Args, handle *documentHandle, query *store.DocumentQuery) (page store.Page[store.Document]) {
	run := runtime.From(args.L)
	if handle.tx != nil {
		handle.tx.noteListing(args, store.DataDocs, handle.name)
	}
	blocking(args, func(ctx context.Context, s *store.Store) error {
		found, report, err := s.FindDocuments(ctx, run.App(), handle.name, query)
		page = found
		run.NoteQuery(report)
		return err
	})
	meter.From(args.L).ChargeMemory(args.L, documentBytes(page.Items))
	return page
}

func documentBytes(documents []store.Document) (size int) {
	for i := range documents {
		size += len(documents[i].ID) + len(documents[i].Data)
	}
	return size
}

// documentTable is a document as find shows it.
func documentTable(args luax.Args, document *store.Document) *lua.LTable {
	meter.From(args.L).ChargeMemory(args.L, documentTables)
	table := args.L.CreateTable(0, 5)
	table.RawSetString("id", lua.LString(document.ID))
	table.RawSetString("data", decodeStored(args, document.Data))
	setMeta(table, document)
	return table
}

func docsFind(L *lua.LState) int {
	args, handle := docsCall(L, "docs:find")
	page := findDocuments(args, handle, queryArgument(args, handle))
	list := luax.NewArray(L, len(page.Items))
	charge := meter.From(L)
	charge.Hold(list)
	defer charge.Release(1)
	for i := range page.Items {
		list.Append(documentTable(args, &page.Items[i]))
	}
	L.Push(list)
	if page.NextCursor == "" {
		return 1
	}
	L.Push(lua.LString(page.NextCursor))
	return 2
}

func docsFindOne(L *lua.LState) int {
	args, handle := docsCall(L, "docs:find_one")
	query := queryArgument(args, handle)
	query.Limit = 1
	page := findDocuments(args, handle, query)
	if len(page.Items) == 0 {
		L.Push(lua.LNil)
		return 1
	}
	L.Push(documentTable(args, &page.Items[0]))
	return 1
}

func docsCount(L *lua.LState) int {
	args, handle := docsCall(L, "docs:count")
	args.Options(1, "query", "where")
	run, query := runtime.From(L), queryArgument(args, handle)
	if handle.tx != nil {
		handle.tx.noteListing(args, store.DataDocs, handle.name)
	}
	var count int64
	blocking(args, func(ctx context.Context, s *store.Store) error {
		counted, report, err := s.CountDocuments(ctx, run.App(), handle.name, query)
		count = counted
		run.NoteQuery(report)
		return err
	})
	L.Push(lua.LNumber(count))
	return 1
}

var docsLoop = newLoop("docs:each", documentBytes, func(args luax.Args, document *store.Document) int {
	args.L.Push(documentTable(args, document))
	return 1
})

func docsEach(L *lua.LState) int {
	args, handle := docsCall(L, docsLoop.name)
	query, left := queryArgument(args, handle), -1
	if table := args.OptTable(1, "query"); table != nil && table.RawGetString("limit") != lua.LNil {
		left = query.Limit
	}
	query.Limit, query.MaxBytes = eachLimit, eachBytes
	state := &loopState[store.Document]{handle: &handle.collectionHandle, left: left, read: func(args luax.Args, cursor string) store.Page[store.Document] {
		query.Cursor = cursor
		return findDocuments(args, handle, query)
	}}
	state.page.NextCursor = query.Cursor // where the script wants to begin
	return docsLoop.begin(L, state)
}
