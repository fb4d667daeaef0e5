package runtime

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/hashicorp/golang-lru/v2/simplelru"
	lua "github.com/yuin/gopher-lua"

	"picloud/store"
)

// loadTimeout bounds the read of a source for the cache. It is its own and not
// the first caller's, because others wait for the same load.
const loadTimeout = 10 * time.Second

// version names one saved state of a script; what it compiles to never changes.
type version struct {
	script uuid.UUID
	number int
}

// programCache keeps compiled scripts, least recently used first to go. One
// version is compiled once however many ask at the same time. That a source
// does not compile is kept too: a source made to be slow to refuse is refused
// slowly once.
type programCache struct {
	source  func(ctx context.Context, script uuid.UUID, version int) (string, error)
	compile func(name, source string) (*lua.FunctionProto, error)
	mutex   sync.Mutex
	entries *simplelru.LRU[version, *program]
	counted CacheStats
}

// program is one entry; proto and err are set when ready is closed.
type program struct {
	ready chan struct{}
	proto *lua.FunctionProto
	err   error
}

func newProgramCache(size int, compile func(name, source string) (*lua.FunctionProto, error),
	source func(context.Context, uuid.UUID, int) (string, error)) *programCache {
	entries, _ := simplelru.NewLRU[version, *program](max(1, size), nil) // fails only for a size below 1
	return &programCache{source: source, compile: compile, entries: entries}
}

// get returns the compiled form of a script's version, waiting for a compile
// that another run has begun no longer than ctx allows.
func (c *programCache) get(ctx context.Context, script *store.Script) (*lua.FunctionProto, error) {
	entry, mine := c.entry(version{script.ID, script.Version})
	if mine {
		c.load(ctx, script, entry)
		return entry.proto, entry.err
	}
	select {
	case <-entry.ready:
		return entry.proto, entry.err
	default:
	}
	select {
	case <-entry.ready:
		return entry.proto, entry.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// entry finds or makes an entry; mine says that the caller has to fill it.
func (c *programCache) entry(key version) (found *program, mine bool) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	if found, ok := c.entries.Get(key); ok {
		c.counted.Hits++
		return found, false
	}
	c.counted.Misses++
	made := &program{ready: make(chan struct{})}
	c.entries.Add(key, made)
	return made, true
}

func (c *programCache) stats() CacheStats {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.counted
}

func (c *programCache) load(ctx context.Context, script *store.Script, entry *program) {
	defer close(entry.ready)
	defer func() {
		if cause := recover(); cause != nil {
			entry.err = fmt.Errorf("compiling %s: panic: %v", script.Name, cause)
		}
		var refused *SourceError
		if entry.err != nil && !errors.As(entry.err, &refused) {
			c.forget(version{script.ID, script.Version})
		}
	}()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), loadTimeout)
	defer cancel()
	source, err := c.source(ctx, script.ID, script.Version)
	if err != nil {
		entry.err = fmt.Errorf("reading the source of %s: %w", script.Name, err)
		return
	}
	entry.proto, entry.err = c.compile(script.Name, source)
}

// forget drops an entry whose failure may pass, such as a read that timed out.
func (c *programCache) forget(key version) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.entries.Remove(key)
}
