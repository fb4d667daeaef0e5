package runtime

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"
	lua "github.com/yuin/gopher-lua"

	"picloud/store"
)

// fakeSource counts reads and compiles and can hold a compile until told.
type fakeSource struct {
	reads, compiles atomic.Int64
	hold            chan struct{}
	readErr         error
	compileErr      error
}

func (f *fakeSource) read(context.Context, uuid.UUID, int) (string, error) {
	f.reads.Add(1)
	return "", f.readErr
}

func (f *fakeSource) compile(string, string) (*lua.FunctionProto, error) {
	f.compiles.Add(1)
	if f.hold != nil {
		<-f.hold
	}
	return &lua.FunctionProto{}, f.compileErr
}

func TestOneVersionIsCompiledOnce(t *testing.T) {
	t.Parallel()
	source := &fakeSource{hold: make(chan struct{})}
	cache := newProgramCache(2, source.compile, source.read)
	script := &store.Script{ID: uuid.UUID{1}, Version: 1}
	first := make(chan error, 1)
	go func() {
		_, err := cache.get(context.Background(), script)
		first <- err
	}()
	for source.compiles.Load() == 0 {
	}
	gone, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := cache.get(gone, script); !errors.Is(err, context.Canceled) {
		t.Errorf("a waiting caller that has gone got %v", err)
	}
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if proto, err := cache.get(context.Background(), script); err != nil || proto == nil {
				t.Errorf("%v, %v", proto, err)
			}
		})
	}
	close(source.hold)
	all.Wait()
	if err := <-first; err != nil || source.compiles.Load() != 1 {
		t.Errorf("%d compiles, %v", source.compiles.Load(), err)
	}
	newer := &store.Script{ID: uuid.UUID{1}, Version: 2}
	_, _ = cache.get(context.Background(), newer)
	_, _ = cache.get(context.Background(), newer)
	_, _ = cache.get(context.Background(), &store.Script{ID: uuid.UUID{2}, Version: 1})
	_, _ = cache.get(context.Background(), script) // pushed out by the third
	if source.compiles.Load() != 4 {
		t.Errorf("%d compiles after a new version, another script and a return, want 4", source.compiles.Load())
	}
}

func TestCacheKeepsRefusalsAndForgetsFailures(t *testing.T) {
	t.Parallel()
	script := &store.Script{ID: uuid.UUID{1}, Version: 1}
	refused := &fakeSource{compileErr: &SourceError{Line: 1, Message: "no"}}
	cache := newProgramCache(2, refused.compile, refused.read)
	failing := &fakeSource{readErr: errors.New("disk")}
	other := newProgramCache(2, failing.compile, failing.read)
	for range 3 {
		if _, err := cache.get(context.Background(), script); err == nil {
			t.Error("a refused source was accepted")
		}
		if _, err := other.get(context.Background(), script); err == nil {
			t.Error("an unread source was accepted")
		}
	}
	if refused.compiles.Load() != 1 || failing.reads.Load() != 3 {
		t.Errorf("%d compiles of a refused source, %d reads of a failing one", refused.compiles.Load(), failing.reads.Load())
	}
}
