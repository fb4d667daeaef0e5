package store

import (
	"encoding/json"
	"errors"
	"slices"
	"strconv"
	"testing"
)

// Operations of one group look their collection up once; what one of them does
// to it must still be seen by the next, and what a failing one did must not.
func TestWritesOfOneGroupShareTheirCollection(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app, other := dataApp(t, s), dataApp(t, s)
	key := KVKey{App: app, Collection: "c", Key: "k"}
	var versions []int64
	set := func(key KVKey) *operation {
		return &operation{durable: true, fn: func(tx *transaction) error {
			entry, err := s.setKV(tx, key, KVWrite{Value: json.RawMessage(strconv.Itoa(len(versions)))})
			if err == nil {
				versions = append(versions, entry.Version)
			}
			return err
		}}
	}
	fail := errors.New("undone")
	remove := func(err error) *operation {
		return &operation{durable: true, fn: func(tx *transaction) error {
			if _, removed := s.deleteKV(tx, key, KVDeletion{}); removed != nil {
				return removed
			}
			return err
		}}
	}
	made := &operation{durable: true, fn: func(tx *transaction) error {
		_, err := s.setKV(tx, KVKey{App: app, Collection: "made and undone", Key: "k"}, KVWrite{Value: json.RawMessage("1")})
		return errors.Join(fail, err)
	}}
	dropped := &operation{durable: true, fn: func(tx *transaction) error {
		tx.changedCatalog = true
		_, err := tx.exec("DELETE FROM apps WHERE id = ?", other)
		return err
	}}
	late := set(KVKey{App: other, Collection: "c", Key: "k"})
	ops := []*operation{set(key), remove(nil), set(key), made, set(key), remove(fail), set(key), set(KVKey{App: app, Collection: "d", Key: "k"}),
		set(KVKey{App: other, Collection: "c", Key: "k"}), dropped, late}
	submitAll(t, s, ops)
	for _, op := range ops {
		err := <-op.done
		if op == late {
			wantCode(t, err, KindNotFound, "not_found")
		} else if err != nil && !errors.Is(err, fail) {
			t.Error(err)
		}
	}
	if want := []int64{1, 2, 3, 4, 1, 1}; !slices.Equal(versions, want) {
		t.Errorf("versions %v, want %v", versions, want)
	}
}
