package store

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

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
