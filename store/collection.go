package store

import (
	"context"
	"errors"

	"github.com/google/uuid"
)

// Collection is a named set of key-value entries or documents of one app. It
// comes into being with its first entry.
type Collection struct {
	Name string `json:"name"`
}

// The kinds of collection. They are name spaces of their own: kv "a" and docs
// "a" have nothing to do with each other.
const (
	kindKV   = "kv"
	kindDocs = "docs"
)

// The ops of a change of data (spec 3, "ctx").
const (
	opInsert = "insert"
	opUpdate = "update"
	opDelete = "delete"
)

const (
	maxCollectionBytes = 128
	maxKeyBytes        = 512

	selectCollection  = "SELECT number, floor FROM collections WHERE app_id = ? AND kind = ? AND name = ?"
	insertCollection  = "INSERT INTO collections (app_id, kind, name, floor) VALUES (?, ?, ?, 0) RETURNING number, floor"
	selectCollections = "SELECT name FROM collections c WHERE app_id = ? AND kind = ? AND name > ? AND " + isFilled + " ORDER BY name LIMIT ?"
	raiseFloor        = "UPDATE collections SET floor = ? WHERE number = ? AND floor < ?"
	hasCollections    = "SELECT EXISTS (SELECT 1 FROM collections c WHERE app_id = ? AND " + isFilled + ")"
	isFilled          = "(EXISTS (SELECT 1 FROM kv_entries e WHERE e.collection = c.number) OR EXISTS (SELECT 1 FROM documents d WHERE d.collection = c.number))"
)

// collectionName identifies a collection.
type collectionName struct {
	app  uuid.UUID
	kind string
	name string
}

// collection is what an operation needs to know of one.
type collection struct {
	number int64
	// floor is the highest version that was ever deleted from the collection. A
	// new entry begins above it, so that versions of one key never repeat, also
	// when it was deleted in between, and no tombstones are kept.
	floor int64
}

// CheckCollectionName answers nil for 1 to 128 bytes of [A-Za-z0-9_.-] (spec
// 3, "Data"), else KindInvalid "invalid_collection".
func CheckCollectionName(name string) error {
	valid := len(name) >= 1 && len(name) <= maxCollectionBytes
	for i := 0; valid && i < len(name); i++ {
		c := name[i]
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		valid = letter || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
	}
	if !valid {
		return Errorf(KindInvalid, "invalid_collection", "a collection's name is 1 to %d characters of A-Z, a-z, 0-9, '_', '.' and '-'", maxCollectionBytes)
	}
	return nil
}

// findCollection returns a collection, errNoRow when it has never held anything.
func findCollection(t *transaction, name collectionName) (collection, error) {
	r, err := t.first(selectCollection, name.app, name.kind, name.name)
	if err != nil {
		return collection{}, err
	}
	return collection{number: r.integer(0), floor: r.integer(1)}, nil
}

// ensureCollection returns a collection and makes it when it is new.
func ensureCollection(t *transaction, name collectionName) (collection, error) {
	if t.collectionName == name && !t.changedCatalog { // its app may be gone
		return t.collection, nil
	}
	found, err := findCollection(t, name)
	if errors.Is(err, errNoRow) {
		found, err = makeCollection(t, name)
	}
	if err == nil {
		t.collection, t.collectionName = found, name
	}
	return found, err
}

func makeCollection(t *transaction, name collectionName) (collection, error) {
	t.wrote = true
	r, err := t.first(insertCollection, name.app, name.kind, name.name)
	if isForeignKey(err) {
		return collection{}, noSuch("app")
	}
	if err != nil {
		return collection{}, err
	}
	return collection{number: r.integer(0), floor: r.integer(1)}, nil
}

// retire makes the versions of what is deleted unusable for what comes later.
func (c collection) retire(t *transaction, version int64) error {
	if version <= c.floor {
		return nil
	}
	t.collectionName = collectionName{} // it has another floor now
	_, err := t.exec(raiseFloor, version, c.number, version)
	return err
}

// KVCollections lists the names of an app's key-value collections.
func (s *Store) KVCollections(ctx context.Context, app uuid.UUID, page PageRequest) (Page[Collection], error) {
	return s.collections(ctx, app, kindKV, page)
}

// DocumentCollections lists the names of an app's document collections.
func (s *Store) DocumentCollections(ctx context.Context, app uuid.UUID, page PageRequest) (Page[Collection], error) {
	return s.collections(ctx, app, kindDocs, page)
}

func (s *Store) collections(ctx context.Context, app uuid.UUID, kind string, request PageRequest) (Page[Collection], error) {
	limit, err := request.limit()
	if err != nil {
		return Page[Collection]{}, err
	}
	list := kind + " collections " + app.String()
	after, err := s.position(list, request.Cursor)
	if err != nil {
		return Page[Collection]{}, err
	}
	return readValue(ctx, s, func(t *transaction) (Page[Collection], error) {
		page := Page[Collection]{Items: []Collection{}}
		err := t.each(func(r row) error {
			if len(page.Items) == limit {
				page.NextCursor = s.cursor(list, page.Items[limit-1].Name)
				return nil
			}
			page.Items = append(page.Items, Collection{Name: r.text(0)})
			return nil
		}, selectCollections, app, kind, after, limit+1)
		return page, err
	})
}
