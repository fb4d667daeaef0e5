package store

import (
	"context"
	"encoding/json"
	"strconv"
	"sync"
	"testing"
)

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
