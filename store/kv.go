package store

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"
)

// KVKey names one key-value entry.
type KVKey struct {
	App        uuid.UUID
	Collection string
	Key        string
}

// KVEntry is one key-value entry. Whoever gets one shares it with the cache
// and only reads.
type KVEntry struct {
	Key       string          `json:"key"`
	Value     json.RawMessage `json:"value"`
	Version   int64           `json:"version"`    // goes up with each change
	ExpiresAt *Time           `json:"expires_at"` // null: it stays
	UpdatedAt Time            `json:"updated_at"`
}

// KVWrite is what SetKV stores. Value is JSON that CanonicalJSON or the SDK's
// encoder made, at most MaxValueBytes. TTL 0 means that the entry stays;
// setting an entry again without one takes its expiry away.
type KVWrite struct {
	Value json.RawMessage
	TTL   time.Duration
	// ExpiresAt is when the entry expires in place of a TTL, to keep what was.
	ExpiresAt *Time
	// IfVersion, when set, refuses with conflict "stale_version" unless it is
	// the entry's version; 0 stands for "there is none".
	IfVersion *int64
	// Relaxed gives up that the write is on the card when SetKV returns: a power
	// cut may take the last second of such writes, the end of the process none.
	Relaxed bool
	Origin  Origin
}

const (
	// MaxValueBytes bounds a value's JSON text (spec 3, "Data").
	MaxValueBytes = 256 << 10
	// MaxTTL keeps an expiry within what a JSON time can show.
	MaxTTL = 100 * 365 * 24 * time.Hour
	// maxInteger is the largest that a Lua number and a JSON reader hold exactly.
	maxInteger = 1 << 53

	selectKV = "SELECT rowid, version, expires_at, updated_at, value FROM kv_entries WHERE collection = ? AND key = ?"
	findKV   = "SELECT 0, e.version, e.expires_at, e.updated_at, e.value FROM collections c JOIN kv_entries e ON e.collection = c.number" +
		" WHERE c.app_id = ? AND c.kind = 'kv' AND c.name = ? AND e.key = ?"
	insertKV = "INSERT INTO kv_entries (collection, key, version, expires_at, updated_at, value) VALUES (?, ?, ?, ?, ?, ?)"
	updateKV = "UPDATE kv_entries SET version = ?, expires_at = ?, updated_at = ?, value = ? WHERE rowid = ?"
	removeKV = "DELETE FROM kv_entries WHERE rowid = ?"
)

func (k KVKey) collection() collectionName { return collectionName{k.App, kindKV, k.Collection} }

// target names the collection in the audit.
func (k KVKey) target() Target { return Target{Kind: "kv", Name: k.Collection, App: &k.App} }

// CheckKey answers nil for 1 to 512 bytes of UTF-8 text, which is what a key or
// a document's id may be, else KindInvalid "invalid_key".
func CheckKey(key string) error {
	if len(key) < 1 || len(key) > maxKeyBytes || !utf8.ValidString(key) {
		return Errorf(KindInvalid, "invalid_key", "a key is 1 to %d bytes of UTF-8 text", maxKeyBytes)
	}
	return nil
}

func (k KVKey) check() error {
	if err := CheckCollectionName(k.Collection); err != nil {
		return err
	}
	return CheckKey(k.Key)
}

func (w *KVWrite) check() error {
	if len(w.Value) > MaxValueBytes {
		return Errorf(KindTooLarge, "value_too_large", "a value is at most %d bytes of JSON, this one has %d", MaxValueBytes, len(w.Value))
	}
	if w.TTL < 0 || w.TTL > MaxTTL {
		return Errorf(KindInvalid, "invalid_ttl", "a time to live is above 0 and at most %d seconds", int64(MaxTTL/time.Second))
	}
	return nil
}

// storedKV is an entry as an operation finds it.
type storedKV struct {
	KVEntry
	row int64
	// expired entries are still there for their version, and are nothing to anybody else.
	expired bool
}

func scanKV(r row, key string, at Time) *storedKV {
	found := &storedKV{row: r.integer(0), KVEntry: KVEntry{
		Key: key, Version: r.integer(1), ExpiresAt: r.optionalTime(2), UpdatedAt: r.time(3), Value: r.blob(4),
	}}
	found.expired = found.expiredAt(at)
	return found
}

func (e *KVEntry) expiredAt(at Time) bool { return e.ExpiresAt != nil && *e.ExpiresAt <= at }

// CachedKV returns an entry, nil when there is none, if that is known without
// reading the disk; else hit is false.
func (s *Store) CachedKV(key KVKey) (entry *KVEntry, hit bool) {
	entry, hit, _ = s.data.get(&key)
	return s.alive(entry), hit
}

// alive is entry, or nil once it has expired.
func (s *Store) alive(entry *KVEntry) *KVEntry {
	if entry == nil || entry.ExpiresAt == nil || !entry.expiredAt(s.now()) {
		return entry
	}
	return nil
}

// KV returns an entry, or nil when there is none.
func (s *Store) KV(ctx context.Context, key KVKey) (*KVEntry, error) {
	if err := key.check(); err != nil {
		return nil, err
	}
	entry, hit, ticket := s.data.get(&key)
	if hit {
		return s.alive(entry), nil
	}
	err := s.read(ctx, func(t *transaction) error {
		r, err := t.first(findKV, key.App, key.Collection, key.Key)
		if errors.Is(err, errNoRow) {
			return nil
		}
		if err == nil {
			entry = &scanKV(r, key.Key, t.at).KVEntry
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	s.data.fill(key, entry, ticket)
	return s.alive(entry), nil
}

// SetKV stores an entry and returns it with its version. A value that is
// already there, with no expiry before or after, costs no write.
func (s *Store) SetKV(ctx context.Context, key KVKey, draft KVWrite) (*KVEntry, error) {
	if err := errors.Join(key.check(), draft.check()); err != nil {
		return nil, err
	}
	return write(ctx, s, !draft.Relaxed, func(t *transaction) (*KVEntry, error) { return s.setKV(t, key, draft) })
}

func (s *Store) setKV(t *transaction, key KVKey, draft KVWrite) (*KVEntry, error) {
	in, err := ensureCollection(t, key.collection())
	if err != nil {
		return nil, err
	}
	old, err := storedEntry(t, in, key)
	if err != nil {
		return nil, err
	}
	if err := checkVersion("version", draft.IfVersion, old.current()); err != nil {
		return nil, err
	}
	entry := &KVEntry{Key: key.Key, Value: draft.Value, ExpiresAt: draft.expiry(t.at), UpdatedAt: t.at}
	if entry.ExpiresAt == nil && old.exists() && old.ExpiresAt == nil && bytes.Equal(old.Value, entry.Value) {
		t.unsynced = t.unsynced || !draft.Relaxed
		return &old.KVEntry, nil
	}
	return entry, s.storeKV(t, storedChange{key: key, in: in, old: old, origin: draft.Origin}, entry)
}

// expiry is when an entry that is set at a moment expires; nil for never.
func (w *KVWrite) expiry(at Time) *Time {
	if w.TTL == 0 {
		return w.ExpiresAt
	}
	until := at + Time(max(1, w.TTL.Milliseconds()))
	return &until
}

// storedEntry returns what an operation finds under a key; nil when there is nothing.
func storedEntry(t *transaction, in collection, key KVKey) (*storedKV, error) {
	r, err := t.first(selectKV, in.number, key.Key)
	if errors.Is(err, errNoRow) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return scanKV(r, key.Key, t.at), nil
}

func (k *storedKV) exists() bool { return k != nil && !k.expired }

// current is the version that a caller has to name; 0 when there is nothing.
func (k *storedKV) current() int64 {
	if !k.exists() {
		return 0
	}
	return k.Version
}

// checkVersion refuses unless wanted, when given, is the current version, which
// the error's details bear under a name.
func checkVersion(name string, wanted *int64, current int64) error {
	if wanted == nil || *wanted == current {
		return nil
	}
	return &Error{Kind: KindConflict, Code: "stale_version", Details: map[string]any{name: current},
		Message: "it has changed meanwhile; read it again and repeat the change"}
}

// storedChange is what a change of one entry is made to.
type storedChange struct {
	key    KVKey
	in     collection
	old    *storedKV
	origin Origin
}

// storeKV writes entry in place of what is there, with its next version.
func (s *Store) storeKV(t *transaction, change storedChange, entry *KVEntry) (err error) {
	old := change.old
	if old == nil {
		entry.Version = change.in.floor + 1
		_, err = t.exec(insertKV, change.in.number, entry.Key, entry.Version, entry.ExpiresAt, entry.UpdatedAt, []byte(entry.Value))
	} else {
		entry.Version = old.Version + 1
		_, err = t.exec(updateKV, entry.Version, entry.ExpiresAt, entry.UpdatedAt, []byte(entry.Value), old.row)
	}
	if err != nil {
		return err
	}
	t.touch(change.key.target())
	t.published = append(t.published, publication{key: change.key, kind: kindKV, entry: entry})
	if old.exists() && bytes.Equal(old.Value, entry.Value) {
		return nil // only the expiry moved: no event tells of that
	}
	return s.emit(t, change.event(entry.Value))
}

// event describes the change for triggers; value is nil for a deletion.
func (c storedChange) event(value []byte) dataChange {
	event := dataChange{kind: kindKV, app: c.key.App, collection: c.key.Collection, key: c.key.Key, op: opDelete, value: value, origin: c.origin}
	if value != nil {
		event.op = opInsert
	}
	if c.old.exists() {
		event.previous = c.old.Value
		if value != nil {
			event.op = opUpdate
		}
	}
	return event
}
