package store

import (
	"context"
	"errors"
)

// KVDeletion says how to delete an entry; its fields are as in KVWrite.
type KVDeletion struct {
	IfVersion *int64
	Origin    Origin
}

// DeleteKV deletes an entry and reports whether it was there.
func (s *Store) DeleteKV(ctx context.Context, key KVKey, deletion KVDeletion) (bool, error) {
	if err := key.check(); err != nil {
		return false, err
	}
	return write(ctx, s, true, func(t *transaction) (bool, error) { return s.deleteKV(t, key, deletion) })
}

func (s *Store) deleteKV(t *transaction, key KVKey, deletion KVDeletion) (bool, error) {
	in, err := findCollection(t, key.collection())
	var old *storedKV
	if err == nil {
		old, err = storedEntry(t, in, key)
	}
	if err != nil && !errors.Is(err, errNoRow) {
		return false, err
	}
	if err := checkVersion("version", deletion.IfVersion, old.current()); err != nil {
		return false, err
	}
	if !old.exists() {
		t.unsynced = true
		return false, nil
	}
	if _, err := t.exec(removeKV, old.row); err != nil {
		return false, err
	}
	if err := in.retire(t, old.Version); err != nil {
		return false, err
	}
	t.touch(key.target())
	t.published = append(t.published, publication{key: key, kind: kindKV})
	return true, s.emit(t, storedChange{key: key, in: in, old: old, origin: deletion.Origin}.event(nil))
}
