package store

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
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

// modelKV is the obvious thing that SetKV and its kin have to behave like.
type modelKV struct {
	value   string
	version int64
	expires time.Time // zero: never
}

func TestKVModel(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now, config.DataCacheBytes = clock.now, 16<<10 // so small that entries are dropped all the time
	s := openTest(t, config)
	app := dataApp(t, s)
	seed := rand.Uint64()
	random := rand.New(rand.NewPCG(seed, 1))
	model := map[string]modelKV{}
	alive := func(key string) (modelKV, bool) {
		m, ok := model[key]
		return m, ok && (m.expires.IsZero() || m.expires.After(clock.now()))
	}
	steps := 1200
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		steps = 100_000
	}
	for step := range steps {
		key := KVKey{app, "model", fmt.Sprintf("%c/%d", 'a'+rune(random.IntN(3)), random.IntN(12))}
		old, exists := alive(key.Key)
		current := int64(0)
		if exists {
			current = old.version
		}
		fail := func(format string, args ...any) {
			t.Helper()
			t.Fatalf("seed %d, step %d, key %s: %s", seed, step, key.Key, fmt.Sprintf(format, args...))
		}
		switch op := random.IntN(10); op {
		case 0, 1, 2: // set
			draft := KVWrite{Value: json.RawMessage(strconv.Itoa(random.IntN(3))), Relaxed: random.IntN(2) == 0}
			if random.IntN(3) == 0 {
				draft.TTL = time.Duration(1+random.IntN(20)) * time.Second
			}
			wanted := current
			if random.IntN(2) == 0 {
				wanted += int64(random.IntN(2))
				draft.IfVersion = &wanted
			}
			entry, err := s.SetKV(t.Context(), key, draft)
			if wanted != current {
				wantCode(t, err, KindConflict, "stale_version")
				break
			}
			noError(t, err)
			next := modelKV{value: string(draft.Value), version: entry.Version}
			if draft.TTL > 0 {
				next.expires = clock.now().Add(draft.TTL)
			}
			unchanged := exists && old.value == next.value && old.expires.IsZero() && next.expires.IsZero()
			if unchanged != (entry.Version == old.version) || entry.Version < model[key.Key].version {
				fail("version %d after %+v (unchanged %v)", entry.Version, model[key.Key], unchanged)
			}
			model[key.Key] = next
		case 3: // delete
			gone := must[bool](t)(s.DeleteKV(t.Context(), key, KVDeletion{}))
			if gone != exists {
				fail("deleted %v, want %v", gone, exists)
			}
			if exists {
				model[key.Key] = modelKV{version: old.version, expires: clock.now()} // the version must not come again
			}
		case 4: // increment
			sum := must[int64](t)(s.IncrementKV(t.Context(), key, 7, Origin{}))
			number, _ := strconv.ParseInt(old.value, 10, 64)
			if !exists {
				number, old.expires = 0, time.Time{}
			}
			if sum != number+7 {
				fail("increment gives %d, want %d", sum, number+7)
			}
			version := kvVersion(t, s, key)
			if version <= model[key.Key].version {
				fail("version %d after %+v", version, model[key.Key])
			}
			model[key.Key] = modelKV{value: strconv.FormatInt(sum, 10), version: version, expires: old.expires}
		case 5:
			clock.step(time.Duration(random.IntN(4)) * time.Second)
		case 6:
			if random.IntN(20) == 0 {
				must[bool](t)(s.sweepExpired(t.Context()))
			}
		case 7: // list
			prefix := []string{"", "a", "b/", "c/1"}[random.IntN(4)]
			checkKVList(t, s, app, prefix, 1+random.IntN(7), model, alive)
		default: // get
			got := must[*KVEntry](t)(s.KV(t.Context(), key))
			if (got != nil) != exists || exists && (string(got.Value) != old.value || got.Version != old.version) {
				fail("got %+v, want %+v (there: %v)", got, old, exists)
			}
		}
	}
}

func checkKVList(t *testing.T, s *Store, app uuid.UUID, prefix string, limit int, model map[string]modelKV, alive func(string) (modelKV, bool)) {
	t.Helper()
	var want, got []string
	for key := range model {
		if m, ok := alive(key); ok && strings.HasPrefix(key, prefix) {
			want = append(want, fmt.Sprint(key, m.value, m.version))
		}
	}
	slices.Sort(want)
	query := KVQuery{App: app, Collection: "model", Prefix: prefix, Limit: limit}
	for {
		page := must[Page[KVEntry]](t)(s.ListKV(t.Context(), query))
		for _, entry := range page.Items {
			got = append(got, fmt.Sprint(entry.Key, string(entry.Value), entry.Version))
		}
		if query.Cursor = page.NextCursor; query.Cursor == "" {
			break
		}
	}
	slices.Sort(got) // the order is tested apart: keys and their texts sort differently
	if !slices.Equal(got, want) {
		t.Fatalf("list %q: %v, want %v", prefix, got, want)
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

// After a set has returned, every later get sees it or something newer.
func TestKVCacheIsNeverStale(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	config.DataCacheBytes = 16 * 4 * (cacheOverhead + 20) // a few entries in each shard
	s := openTest(t, config)
	app := dataApp(t, s)
	const keys, writes = 4, 25
	var written [keys]struct {
		sync.Mutex
		version int64
	}
	stop := make(chan struct{})
	var writers, readers sync.WaitGroup
	for k := range keys {
		key := KVKey{app, "race", strconv.Itoa(k)}
		writers.Go(func() {
			for n := range writes {
				entry, err := s.SetKV(context.Background(), key, KVWrite{Value: json.RawMessage(strconv.Itoa(n)), Relaxed: true})
				if err != nil {
					t.Error(err)
					return
				}
				written[k].Lock()
				written[k].version = entry.Version
				written[k].Unlock()
			}
		})
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				written[k].Lock()
				least := written[k].version
				written[k].Unlock()
				entry, err := s.KV(context.Background(), key)
				switch {
				case err != nil:
					t.Error(err)
					return
				case entry == nil && least > 0, entry != nil && entry.Version < least:
					t.Errorf("key %d: got %+v after version %d was acknowledged", k, entry, least)
					return
				}
				if least%16 == 0 {
					s.data.forget()
				}
			}
		})
	}
	writers.Wait()
	close(stop)
	readers.Wait()
	for i := range s.data.shards {
		if shard := &s.data.shards[i]; shard.bytes > shard.most {
			t.Errorf("shard %d holds %d bytes, the most is %d", i, shard.bytes, shard.most)
		}
	}
}

// A reader that was slower than a write must not put back what it read.
func TestKVCacheRefusesLateFill(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	key := KVKey{App: dataApp(t, s), Collection: "c", Key: "k"}
	_, _, ticket := s.data.get(&key)
	setKV(t, s, key, "1")
	s.data.fill(key, nil, ticket)
	if kvVersion(t, s, key) != 1 {
		t.Error("a late reader made the cache stale")
	}
}

// However many collections change, what is known of their changes is bounded,
// and no change is overlooked.
func TestKnownChangesAreBounded(t *testing.T) {
	t.Parallel()
	changes := &newDataCache(1 << 20).changes
	name := func(n int) collectionName { return collectionName{kind: kindKV, name: strconv.Itoa(n)} }
	changes.note(name(0))
	before := changes.now()
	changes.note(name(1))
	after := changes.now()
	for n := range 3 * maxKnownChanges {
		changes.note(name(2 + n))
		if len(changes.last) > maxKnownChanges {
			t.Fatalf("%d collections are known", len(changes.last))
		}
		if !changes.since(name(1), before) {
			t.Fatalf("after %d more the change is forgotten", n)
		}
		if n < maxKnownChanges/2 && (changes.since(name(0), before) || changes.since(name(1), after)) {
			t.Fatalf("after %d more what did not change has", n)
		}
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
