package sdk

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
)

func docsModule(collections *runtime.Type) runtime.Module {
	return runtime.Module{
		Name: "docs",
		Doc: "Documents of the app, in named collections, found by what is in them. A document is a table with fields, up to 1 MiB of JSON. " +
			"A write is on the card when it returns.",
		Types: []*runtime.Type{collections, docsLoop.states},
		Funcs: []runtime.Func{{
			Name:    "collection",
			Doc:     "Returns a collection. It need not exist: it comes into being with its first document.",
			Params:  []runtime.ParamDoc{{Name: "name", Type: "string", Doc: "1 to 128 characters of A-Z, a-z, 0-9, '_', '.' and '-'."}},
			Returns: []runtime.ReturnDoc{{Type: "docs", Doc: "The collection, for the calls below."}},
			Errors:  []string{"name is not a valid name"},
			Example: `local readings = docs.collection("readings")
return readings:count()`,
			Call: func(L *lua.LState) int {
				L.Push(collections.New(L, &documentHandle{collectionHandle{name: collectionName(luax.Args{L: L, Func: "docs.collection"})}}))
				return 1
			},
		}},
	}
}

// documentType describes the methods of a document collection.
func documentType() *runtime.Type {
	return runtime.NewType("docs", "A document collection, from docs.collection or tx.docs.",
		append(documentWrites(), documentReads()...)...)
}

var (
	idParam = runtime.ParamDoc{Name: "id", Type: "string", Doc: "1 to 512 bytes of UTF-8 text."}
	revDoc  = runtime.ReturnDoc{Type: "number", Doc: "The document's rev, which grows with each change and never repeats; nil when the option rev does not hold or there is no such document; true in a transaction."}
	hereDoc = runtime.ReturnDoc{Type: "number", Doc: "With nil or false: the rev that is there, 0 for none."}
	revOpt  = optionsDoc("On which condition.", optionDoc("rev", "integer", "Only this one."))
)

func documentWrites() []runtime.Func {
	noDocument := []string{"the document has no JSON form, is a list, has a name with a zero character, or is over 1 MiB of JSON", "an unknown option, or one of the wrong type",
		"the app has too many deliveries waiting (outbox_full), or the disk is full"}
	return []runtime.Func{
		{
			Name: "insert",
			Doc:  "Stores a new document.",
			Params: []runtime.ParamDoc{{Name: "data", Type: "table", Doc: "The document's fields."},
				optionsDoc("What to call it.", optionDoc("id", "string", "Its id, 1 to 512 bytes of UTF-8 text; a new UUID, later ones sort behind earlier ones, when left out."))},
			Returns: []runtime.ReturnDoc{{Type: "string", Doc: "Its id; nil when a document with that id is there."}, {Type: "number", Doc: "Its rev (none in a transaction); with nil the rev that is there."}},
			Errors:  noDocument,
			Example: `local readings = docs.collection("readings")
return readings:insert({ room = "hall", temp = 21.5, tags = { "new" } })`,
			Counted: true, Call: docsInsert,
		},
		{
			Name:    "replace",
			Doc:     "Stores other data under the id of a document. Data that is already there costs no write and keeps its rev.",
			Params:  []runtime.ParamDoc{idParam, {Name: "data", Type: "table", Doc: "All of the document's fields."}, revOpt},
			Returns: []runtime.ReturnDoc{revDoc, hereDoc},
			Errors:  noDocument,
			Example: `local rooms = docs.collection("rooms")
rooms:insert({ name = "hall" }, { id = "hall" })
return rooms:replace("hall", { name = "Hall", floor = 0 })`,
			Counted: true, Call: docsReplace,
		},
		{
			Name:    "patch",
			Doc:     "Changes some fields of a document (a JSON merge patch, RFC 7396): json.null deletes a field, tables with fields are merged, all else replaces.",
			Params:  []runtime.ParamDoc{idParam, {Name: "changes", Type: "table", Doc: "What changes."}, revOpt},
			Returns: []runtime.ReturnDoc{revDoc, hereDoc},
			Errors:  noDocument,
			Example: `local rooms = docs.collection("rooms")
rooms:insert({ name = "hall", lamp = { on = true } }, { id = "hall" })
return rooms:patch("hall", { lamp = { on = false } })`,
			Counted: true, Call: docsPatch,
		},
		{
			Name:    "delete",
			Doc:     "Deletes a document.",
			Params:  []runtime.ParamDoc{idParam, revOpt},
			Returns: []runtime.ReturnDoc{{Type: "boolean", Doc: "Whether it was there and is deleted."}, hereDoc},
			Errors:  []string{"id is not 1 to 512 bytes of UTF-8 text", "an unknown option, or one of the wrong type"},
			Example: `return docs.collection("rooms"):delete("hall")`,
			Counted: true, Call: docsDelete,
		},
		{
			Name: "ensure_index",
			Doc: "Declares an index on each of the fields, if there is none yet: queries that compare such a field, or sort by it first, no longer read the whole collection. " +
				"At most 8 in a collection and 64 in an app; making one takes as long as reading the collection.",
			Params:  []runtime.ParamDoc{{Name: "field", Type: "string", Doc: "A field name, dotted for inner ones; more may follow."}},
			Errors:  []string{"a field is not a field name", "too many indexes", "it is called inside a transaction"},
			Example: `docs.collection("readings"):ensure_index("room", "meta.fw")`,
			Counted: true, Call: docsEnsureIndex,
		},
	}
}

func whereDoc() runtime.ParamDoc {
	return optionDoc("where", "table", "Fields and what they must be: a value or { eq, ne, gt, gte, lt, lte, in, not_in, exists, contains, starts_with }; all, any, not combine.")
}

func documentReads() []runtime.Func {
	query := runtime.ParamDoc{Name: "query", Type: "table", Optional: true,
		Doc: "Which documents.", Fields: []runtime.ParamDoc{
			whereDoc(), optionDoc("sort", "string[]", "Field names, \"-\" before one for the other direction."),
			optionDoc("limit", "integer", "1 to 1000, 100 when left out."), optionDoc("cursor", "string", "The cursor of the page before."),
			optionDoc("fields", "string[]", "What to return of the data."),
		}}
	wrong := []string{"the query has an unknown part or operator, or one of the wrong type: the error names it", "cursor is not from this query"}
	document := runtime.ReturnDoc{Type: "table", Doc: "A document: { id, rev, data, created_at, updated_at }; nil when there is none."}
	return []runtime.Func{
		{
			Name:    "get",
			Doc:     "Returns a document's data, or nil when there is none.",
			Params:  []runtime.ParamDoc{idParam},
			Returns: []runtime.ReturnDoc{{Type: "table", Doc: "Its data, which is the script's own to change."}, {Type: "table", Doc: "meta: { rev, created_at, updated_at }."}},
			Errors:  []string{"id is not 1 to 512 bytes of UTF-8 text"},
			Example: `local data, meta = docs.collection("rooms"):get("hall")
return { there = data ~= nil, meta = meta }`,
			Counted: true, Call: docsGet,
		},
		{
			Name:    "find",
			Doc:     "Returns the documents that a query asks for, one page of them. A page ends early when its documents are long.",
			Params:  []runtime.ParamDoc{query},
			Returns: []runtime.ReturnDoc{{Type: "table", Doc: "A list of { id, rev, data, created_at, updated_at }."}, {Type: "string", Doc: "The cursor of the next page; nil on the last."}},
			Errors:  wrong,
			Example: `local warm = docs.collection("readings"):find({
  where = { room = "hall", temp = { gt = 21, lte = 30 }, tags = { contains = "new" } },
  sort = { "-created_at" }, limit = 10,
})
return #warm`,
			Counted: true, Call: docsFind,
		},
		{
			Name: "find_one", Doc: "Returns the first document that a query asks for.", Params: []runtime.ParamDoc{query}, Returns: []runtime.ReturnDoc{document}, Errors: wrong,
			Example: `local latest = docs.collection("readings"):find_one({ sort = { "-created_at" } })
return latest and latest.data`,
			Counted: true, Call: docsFindOne,
		},
		{
			Name: "count", Doc: "Returns how many documents match.", Errors: wrong,
			Params:  []runtime.ParamDoc{{Name: "query", Type: "table", Optional: true, Doc: "Which documents.", Fields: []runtime.ParamDoc{whereDoc()}}},
			Returns: []runtime.ReturnDoc{{Type: "number"}},
			Example: `return docs.collection("readings"):count({ where = { temp = { gt = 21 } } })`,
			Counted: true, Call: docsCount,
		},
		{
			Name:    "each",
			Doc:     "Iterates over all documents that a query asks for, a page at a time; each page counts as an SDK call. A limit ends it.",
			Params:  []runtime.ParamDoc{query},
			Returns: []runtime.ReturnDoc{{Type: "function", Doc: "For a for loop: one document { id, rev, data, created_at, updated_at } each time."}},
			Errors:  wrong,
			Example: `local sum = 0
for reading in docs.collection("readings"):each({ where = { room = "hall" } }) do sum = sum + reading.data.temp end
return sum`,
			Call: docsEach,
		},
	}
}
