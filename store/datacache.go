package store

import (
	"hash/maphash"
	"maps"
	"sync"

	"github.com/google/uuid"
)

// publication is one committed change of data: a key of a collection, or
// everything when an app was deleted.
type publication struct {
	key KVKey
	// kind tells key-value entries from documents, which are not cached.
	kind  string
	entry *KVEntry // nil: there is none any more
	all   bool
}

// dataCache keeps key-value entries that were read, and the knowledge that a
// key has none, so that a read costs no disk and no lock of the file. The writer
// changes it after its commit and before it answers: who has been told of a
// write, and whoever asks later, sees that write or a newer one. Nobody else
// writes to the database, so nothing else can make it stale.
type dataCache struct {
	seed    maphash.Seed
	shards  [cacheShards]cacheShard
	changes collectionChanges
}

const (
	cacheShards   = 16  // so that runs on all cores hardly meet at a lock
	cacheOverhead = 256 // bytes of an entry beside its texts
)

// cacheShard is a part of the keys, least recently used first to go.
type cacheShard struct {
	mutex       sync.Mutex
	entries     map[KVKey]*cachedEntry
	ring        cachedEntry // its head: behind it (newer) is the oldest, before it the most recent
	bytes, most int
	// generation counts the changes published here. A reader that has filled
	// from disk what such a change has overtaken finds it moved.
	generation   uint64
	hits, misses int64
}

type cachedEntry struct {
	key          KVKey
	entry        *KVEntry // nil: the key has none
	bytes        int
	newer, older *cachedEntry
}

func newDataCache(bytes int) *dataCache {
	c := &dataCache{seed: maphash.MakeSeed()}
	c.changes.last = make(map[collectionName]uint64)
	for i := range c.shards {
		shard := &c.shards[i]
		shard.most = bytes / cacheShards
		shard.forget()
	}
	return c
}

func (c *dataCache) shard(key *KVKey) *cacheShard {
	return &c.shards[maphash.String(c.seed, key.Key)%cacheShards]
}

// get returns what is known of a key. Without a hit it returns the ticket that
// fill wants, which must be taken before the disk is read.
func (c *dataCache) get(key *KVKey) (entry *KVEntry, hit bool, ticket uint64) {
	shard := c.shard(key)
	shard.mutex.Lock()
	defer shard.mutex.Unlock()
	found := shard.entries[*key]
	if found == nil {
		shard.misses++
		return nil, false, shard.generation
	}
	shard.hits++
	shard.unlink(found)
	shard.link(found)
	return found.entry, true, 0
}

// DataCacheStats counts the looks into the cache of key-value entries since the
// start that found what they wanted, and those that had to read the disk.
func (s *Store) DataCacheStats() (hits, misses int64) {
	for i := range s.data.shards {
		shard := &s.data.shards[i]
		shard.mutex.Lock()
		hits, misses = hits+shard.hits, misses+shard.misses
		shard.mutex.Unlock()
	}
	return hits, misses
}

// fill keeps what a reader found on disk, unless something was published since
// the reader took its ticket: that may have changed just this key.
func (c *dataCache) fill(key KVKey, entry *KVEntry, ticket uint64) {
	shard := c.shard(&key)
	shard.mutex.Lock()
	defer shard.mutex.Unlock()
	if shard.generation == ticket {
		shard.put(key, entry)
	}
}

// publish makes the changes of a committed group visible, in order. A key that
// nobody has read is not taken up.
func (c *dataCache) publish(changes []publication) {
	for i := range changes {
		change := &changes[i]
		if change.all {
			c.forget()
			c.changes.forget(change.key.App)
			continue
		}
		c.changes.note(collectionName{change.key.App, change.kind, change.key.Collection})
		if change.kind == kindKV {
			c.shard(&change.key).replace(change.key, change.entry)
		}
	}
}

func (c *dataCache) forget() {
	for i := range c.shards {
		shard := &c.shards[i]
		shard.mutex.Lock()
		shard.generation++
		shard.forget()
		shard.mutex.Unlock()
	}
}

func (s *cacheShard) replace(key KVKey, entry *KVEntry) {
	s.mutex.Lock()
	defer s.mutex.Unlock()
	s.generation++
	if s.entries[key] != nil {
		s.put(key, entry)
	}
}

func (s *cacheShard) forget() {
	s.entries, s.bytes = make(map[KVKey]*cachedEntry), 0
	s.ring.newer, s.ring.older = &s.ring, &s.ring
}

func (s *cacheShard) put(key KVKey, entry *KVEntry) {
	if old := s.entries[key]; old != nil {
		s.drop(old)
	}
	size := cacheOverhead + len(key.Collection) + len(key.Key)
	if entry != nil {
		size += len(entry.Value)
	}
	if size > s.most {
		return
	}
	added := &cachedEntry{key: key, entry: entry, bytes: size}
	s.entries[key] = added
	s.link(added)
	s.bytes += size
	for s.bytes > s.most {
		s.drop(s.ring.newer)
	}
}

func (s *cacheShard) drop(e *cachedEntry) {
	s.unlink(e)
	delete(s.entries, e.key)
	s.bytes -= e.bytes
}

func (s *cacheShard) link(e *cachedEntry) {
	last := s.ring.older
	e.older, e.newer = last, &s.ring
	last.newer, s.ring.older = e, e
}

func (s *cacheShard) unlink(e *cachedEntry) {
	e.older.newer, e.newer.older = e.newer, e.older
}

// maxKnownChanges bounds the collections of which collectionChanges knows when
// they changed: scripts make as many as they like.
const maxKnownChanges = 10_000

// collectionChanges knows for each collection when it last changed, counted in
// changes of all since the start. Optimistic transactions check with it what
// they have listed.
type collectionChanges struct {
	mutex sync.Mutex
	count uint64
	last  map[collectionName]uint64
	// before: any collection that is not in last may have changed up to here.
	before uint64
}

func (c *collectionChanges) note(name collectionName) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if len(c.last) >= maxKnownChanges {
		clear(c.last)
		c.before = c.count
	}
	c.count++
	c.last[name] = c.count
}

// now is the position to compare with later; taken before a snapshot is.
func (c *collectionChanges) now() uint64 {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.count
}

// since reports whether a collection changed, or may have changed, after a position.
func (c *collectionChanges) since(name collectionName, position uint64) bool {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return max(c.last[name], c.before) > position
}

// forget drops what is known of a deleted app.
func (c *collectionChanges) forget(app uuid.UUID) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	maps.DeleteFunc(c.last, func(name collectionName, _ uint64) bool { return name.app == app })
}

// forgetData drops all that is cached once an app is deleted: a deleted app is
// rare, and what its own share is nobody counts.
func forgetData(t *transaction, app uuid.UUID) {
	t.published = append(t.published, publication{key: KVKey{App: app}, all: true})
}
