package store

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

func dataApp(t testing.TB, s *Store) uuid.UUID {
	t.Helper()
	return must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "app-" + uuid.NewString()[:8]})).ID
}

func setKV(t testing.TB, s *Store, key KVKey, value string) *KVEntry {
	t.Helper()
	return must[*KVEntry](t)(s.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage(value)}))
}

func kvVersion(t testing.TB, s *Store, key KVKey) int64 {
	t.Helper()
	entry := must[*KVEntry](t)(s.KV(t.Context(), key))
	if entry == nil {
		return 0
	}
	return entry.Version
}

func TestKVVersionsNeverRepeat(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	key := KVKey{App: dataApp(t, s), Collection: "c", Key: "k"}
	if v := setKV(t, s, key, "1").Version; v != 1 {
		t.Errorf("first version is %d", v)
	}
	if v := setKV(t, s, key, "2").Version; v != 2 {
		t.Errorf("second version is %d", v)
	}
	if gone := must[bool](t)(s.DeleteKV(t.Context(), key, KVDeletion{})); !gone {
		t.Error("nothing was deleted")
	}
	if again := must[bool](t)(s.DeleteKV(t.Context(), key, KVDeletion{})); again {
		t.Error("deleted twice")
	}
	if v := setKV(t, s, key, "1").Version; v != 3 {
		t.Errorf("version after a deletion is %d, want 3", v)
	}
	// An expired entry is nothing to its callers, and still keeps its versions, before and after the sweep.
	for _, swept := range []bool{false, true} {
		before := must[*KVEntry](t)(s.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage("5"), TTL: time.Second})).Version
		clock.step(time.Second)
		if swept {
			must[bool](t)(s.sweepExpired(t.Context()))
		}
		if v := kvVersion(t, s, key); v != 0 {
			t.Errorf("swept %v: version %d after its expiry", swept, v)
		}
		absent := int64(0)
		after := must[*KVEntry](t)(s.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage("5"), IfVersion: &absent})).Version
		if after != before+1 {
			t.Errorf("swept %v: version %d after %d", swept, after, before)
		}
	}
	_, err := s.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage("6"), IfVersion: new(int64)})
	if e := wantCode(t, err, KindConflict, "stale_version"); e.Details["version"] != kvVersion(t, s, key) {
		t.Errorf("details are %v", e.Details)
	}
}

func TestKVUnchangedCostsNothing(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	key := KVKey{App: dataApp(t, s), Collection: "c", Key: "k"}
	version := setKV(t, s, key, `{"a":1}`).Version
	before := s.WriterStats()
	for range 10 {
		if again := setKV(t, s, key, `{"a":1}`).Version; again != version {
			t.Errorf("version %d became %d", version, again)
		}
	}
	if _, err := s.DeleteKV(t.Context(), KVKey{App: key.App, Collection: "c", Key: "none"}, KVDeletion{}); err != nil {
		t.Error(err)
	}
	after := s.WriterStats()
	if after.Syncs != before.Syncs || after.Groups != before.Groups || after.WALBytes != before.WALBytes {
		t.Errorf("unchanged values cost %+v after %+v", after, before)
	}
	// What is there may be there by a relaxed write; a durable one must not rely on that.
	must[*KVEntry](t)(s.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage("2"), Relaxed: true}))
	relaxed := s.WriterStats().Syncs
	setKV(t, s, key, "2")
	if s.WriterStats().Syncs != relaxed+1 {
		t.Error("a durable write of what a relaxed one had left did not sync")
	}
}

func TestKVLimits(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	value := json.RawMessage("1")
	for _, test := range []struct {
		key  KVKey
		in   KVWrite
		code string
	}{
		{KVKey{app, "", "k"}, KVWrite{Value: value}, "invalid_collection"},
		{KVKey{app, "a/b", "k"}, KVWrite{Value: value}, "invalid_collection"},
		{KVKey{app, strings.Repeat("a", 129), "k"}, KVWrite{Value: value}, "invalid_collection"},
		{KVKey{app, "c", ""}, KVWrite{Value: value}, "invalid_key"},
		{KVKey{app, "c", "\xff"}, KVWrite{Value: value}, "invalid_key"},
		{KVKey{app, "c", strings.Repeat("k", 513)}, KVWrite{Value: value}, "invalid_key"},
		{KVKey{app, "c", "k"}, KVWrite{Value: value, TTL: -1}, "invalid_ttl"},
		{KVKey{app, "c", "k"}, KVWrite{Value: value, TTL: MaxTTL + 1}, "invalid_ttl"},
	} {
		_, err := s.SetKV(t.Context(), test.key, test.in)
		wantCode(t, err, KindInvalid, test.code)
	}
	_, err := s.SetKV(t.Context(), KVKey{app, "c", "k"}, KVWrite{Value: make([]byte, MaxValueBytes+1)})
	wantCode(t, err, KindTooLarge, "value_too_large")
	_, err = s.SetKV(t.Context(), KVKey{uuid.New(), "c", "k"}, KVWrite{Value: value})
	wantCode(t, err, KindNotFound, "not_found")
	longest := KVKey{app, strings.Repeat("c", 128), strings.Repeat("k\x00/", 170) + "kk"}
	large := json.RawMessage(`"` + strings.Repeat("v", MaxValueBytes-2) + `"`)
	must[*KVEntry](t)(s.SetKV(t.Context(), longest, KVWrite{Value: large}))
	s.data.forget()
	if got := must[*KVEntry](t)(s.KV(t.Context(), longest)); got == nil || !slices.Equal(got.Value, large) || got.Key != longest.Key {
		t.Error("the longest entry did not come back")
	}
}

func TestIncrement(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	key := KVKey{App: dataApp(t, s), Collection: "c", Key: "n"}
	for _, step := range []struct{ by, want int64 }{{1, 1}, {41, 42}, {-50, -8}, {0, -8}, {maxInteger, maxInteger - 8}, {8, maxInteger}} {
		if got := must[int64](t)(s.IncrementKV(t.Context(), key, step.by, Origin{})); got != step.want {
			t.Errorf("after %d it is %d, want %d", step.by, got, step.want)
		}
	}
	_, err := s.IncrementKV(t.Context(), key, 1, Origin{})
	wantCode(t, err, KindInvalid, "number_too_large")
	for _, value := range []string{`"5"`, "1.5", "true", "null", "[]", "1e300"} {
		setKV(t, s, key, value)
		_, err := s.IncrementKV(t.Context(), key, 1, Origin{})
		wantCode(t, err, KindInvalid, "not_a_number")
	}
}

func TestKVListPages(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	long := `"` + strings.Repeat("x", 200<<10) + `"`
	for n := range 12 {
		setKV(t, s, KVKey{app, "long", fmt.Sprintf("%02d", n)}, long)
	}
	page := must[Page[KVEntry]](t)(s.ListKV(t.Context(), KVQuery{App: app, Collection: "long", Limit: 1000}))
	if len(page.Items) >= 12 || page.NextCursor == "" {
		t.Errorf("a page of long values has %d items", len(page.Items))
	}
	rest := must[Page[KVEntry]](t)(s.ListKV(t.Context(), KVQuery{App: app, Collection: "long", Limit: 1000, Cursor: page.NextCursor}))
	if rest.Items[0].Key != fmt.Sprintf("%02d", len(page.Items)) {
		t.Errorf("the next page begins with %s", rest.Items[0].Key)
	}
	for _, query := range []KVQuery{
		{App: app, Collection: "long", Cursor: page.NextCursor, Prefix: "0"}, {App: app, Collection: "other", Cursor: page.NextCursor}, {App: app, Collection: "long", Cursor: "x"},
	} {
		_, err := s.ListKV(t.Context(), query)
		wantCode(t, err, KindInvalid, "invalid_cursor")
	}
	_, err := s.ListKV(t.Context(), KVQuery{App: app, Collection: "long", Limit: 1001})
	wantCode(t, err, KindInvalid, "invalid_limit")
	names := must[Page[Collection]](t)(s.KVCollections(t.Context(), app, PageRequest{}))
	if len(names.Items) != 1 || names.Items[0].Name != "long" {
		t.Errorf("collections are %+v", names)
	}
}

func TestDeletedAppTakesItsData(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	key := KVKey{app, "c", "k"}
	setKV(t, s, key, "1")
	kvVersion(t, s, key)
	wantCode(t, s.DeleteApp(t.Context(), app, false), KindConflict, "app_not_empty")
	noError(t, s.DeleteApp(t.Context(), app, true))
	if kvVersion(t, s, key) != 0 {
		t.Error("the entry outlived its app")
	}
	if n := must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) { return tx.count("SELECT count(*) FROM kv_entries") })); n != 0 {
		t.Errorf("%d entries are left", n)
	}
}
