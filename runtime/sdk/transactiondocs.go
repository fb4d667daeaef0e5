package sdk

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/store"
)

func documentDataKey(key store.DocumentKey) store.DataKey {
	return store.DataKey{Kind: store.DataDocs, Collection: key.Collection, Key: key.ID}
}

// readDocument returns what the transaction has written, else what is stored.
// A document of its own has no rev yet.
func (tx *transaction) readDocument(args luax.Args, key store.DocumentKey) *store.Document {
	if w, written := tx.writes[documentDataKey(key)]; written {
		if w.Value == nil {
			return nil
		}
		now := runtime.From(args.L).Now()
		return &store.Document{ID: key.ID, Data: w.Value, CreatedAt: now, UpdatedAt: now}
	}
	document := readStoredDocument(args, key)
	tx.note(documentDataKey(key), revOf(document))
	return document
}

func revOf(document *store.Document) int64 {
	if document == nil {
		return 0
	}
	return document.Rev
}

func (tx *transaction) insertDocument(args luax.Args, key store.DocumentKey, draft store.DocumentWrite) int {
	if key.ID == "" {
		key.ID = runtime.From(args.L).Store().NewDocumentID()
	} else if old := tx.readDocument(args, key); old != nil {
		args.L.Push(lua.LNil)
		args.L.Push(lua.LNumber(old.Rev))
		return 2
	}
	tx.put(args, store.DataWrite{DataKey: documentDataKey(key), Value: draft.Data})
	args.L.Push(lua.LString(key.ID))
	return 1
}

// revHolds checks the option rev, and pushes the answer when it does not hold.
func (tx *transaction) revHolds(args luax.Args, document *store.Document, wanted *int64, first lua.LValue) bool {
	if wanted == nil || revOf(document) == *wanted && (document == nil || document.Rev > 0) {
		return true
	}
	if document != nil && document.Rev == 0 {
		args.L.RaiseError("%s: option \"rev\" cannot be used on what this transaction has written: it has no rev yet", args.Func)
	}
	args.L.Push(first)
	args.L.Push(lua.LNumber(revOf(document)))
	return false
}

func (tx *transaction) updateDocument(args luax.Args, key store.DocumentKey, draft store.DocumentWrite, merge func(old, data []byte) []byte) int {
	document := tx.readDocument(args, key)
	if document == nil {
		args.L.Push(lua.LNil)
		args.L.Push(lua.LNumber(0))
		return 2
	}
	if !tx.revHolds(args, document, draft.IfRev, lua.LNil) {
		return 2
	}
	tx.put(args, store.DataWrite{DataKey: documentDataKey(key), Value: merge(document.Data, draft.Data)})
	args.L.Push(lua.LTrue)
	return 1
}

func (tx *transaction) deleteDocument(args luax.Args, key store.DocumentKey, deletion store.DocumentDeletion) int {
	document := tx.readDocument(args, key)
	if !tx.revHolds(args, document, deletion.IfRev, lua.LFalse) {
		return 2
	}
	if document != nil {
		tx.put(args, store.DataWrite{DataKey: documentDataKey(key)})
	}
	args.L.Push(lua.LBool(document != nil))
	return 1
}
