package store

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

var (
	crashImages = flag.Int("images", 70, "how many power cuts TestPowerCuts tries")
	crashSeed   = flag.Uint64("seed", 0, "the seed of the rigs that crash; 0 draws one")
)

// seeded returns a source of chance that a failed test can be repeated with.
func seeded(t *testing.T) *rand.Rand {
	t.Helper()
	seed := *crashSeed
	if seed == 0 {
		seed = rand.Uint64()
	}
	t.Logf("repeat with -seed %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

const (
	powerLives   = 3 // starts of the process
	powerWorkers = 4
	powerSteps   = 24 // of a worker in a life
)

// writeForPowerCuts is the recorded process: it starts, works and stops a few
// times, and ends in the middle.
func writeForPowerCuts(folder string) error {
	for life := range powerLives {
		s, err := Open(context.Background(), Config{Dir: folder, Logger: discard, Now: time.Now, OnFatal: func(err error) { panic(err) }})
		if err != nil {
			return err
		}
		l, err := openLoad(context.Background(), s)
		if err != nil {
			return err
		}
		failures := make([]error, powerWorkers)
		var workers sync.WaitGroup
		for w := range powerWorkers {
			workers.Go(func() { failures[w] = l.workForPowerCuts(w, life) })
		}
		workers.Wait()
		if err := errors.Join(failures...); err != nil || life == powerLives-1 {
			return err
		}
		if err := s.Close(context.Background()); err != nil {
			return err
		}
	}
	return nil
}

func (l *crashLoad) workForPowerCuts(worker, life int) error {
	for number := life * powerSteps; number < (life+1)*powerSteps; number++ {
		if err := l.do(context.Background(), step{worker, number}); err != nil {
			return err
		}
		report("done %d %d", worker, number)
		if worker == 0 && number%7 == 0 {
			if err := l.FlushExecutions(context.Background()); err != nil {
				return err
			}
			l.syncWAL()
		}
		if worker == 0 && number%20 == 19 {
			l.checkpoint()
		}
	}
	return nil
}

// TestPowerCuts records every file call of a working store and rebuilds what a
// card would hold had the power gone at each sync and at random moments
// between: what was not synced is there wholly, in part or not at all, in any
// order. Each of these must open and hold all that was promised.
func TestPowerCuts(t *testing.T) {
	t.Parallel()
	w := &watched{folder: t.TempDir()}
	if err := watch(t, w, "power"); err != nil {
		t.Fatalf("the recorded process ended with %v\n%s", err, &w.errors)
	}
	chance := seeded(t)
	cuts := w.cuts(chance, *crashImages)
	disk, said := newDisk(), promises{kept: map[step]bool{}, gapless: true}
	at, garbled, started := 0, 0, time.Now()
	for i, cut := range cuts {
		for ; at < cut; at++ {
			disk.apply(w.calls[at])
			said.hear(w.calls[at])
		}
		model := powerModel{chance: chance, survive: chance.Float64(), garble: i%2 == 1}
		if model.garble {
			garbled++
		}
		dir := t.TempDir()
		noError(t, disk.afterCut(model).write(dir))
		if err := checkCrashed(t, dir, said); err != nil {
			t.Errorf("the power cut before call %d of %d (%s): %v", cut, len(w.calls), w.describe(cut), err)
			noError(t, disk.afterCut(model).write(must[string](t)(os.MkdirTemp("", "picloud-cut-"))))
		}
		noError(t, os.RemoveAll(dir))
	}
	t.Logf("%d images (%d with blocks turned to garbage) of %d calls with %d syncs and %d promises, %s",
		len(cuts), garbled, len(w.calls), len(w.syncs()), len(said.kept), time.Since(started).Round(time.Millisecond))
}

// hear takes up what the process reported.
func (p *promises) hear(call fileCall) {
	var s step
	if call.kind != callReport {
		return
	}
	if n, _ := fmt.Sscanf(string(call.data), "done %d %d", &s.worker, &s.number); n == 2 && s.durable() {
		p.kept[s] = true
	}
}

func (w *watched) syncs() (at []int) {
	for i, call := range w.calls {
		if call.kind == callSync {
			at = append(at, i)
		}
	}
	return at
}

// cuts chooses moments: half of them, or with enough images all, just before
// or after a sync; the rest anywhere.
func (w *watched) cuts(chance *rand.Rand, images int) []int {
	syncs := w.syncs()
	chance.Shuffle(len(syncs), func(i, j int) { syncs[i], syncs[j] = syncs[j], syncs[i] })
	cuts := syncs[:min(len(syncs), max(images/2, images-len(w.calls)))]
	for i := range cuts {
		cuts[i] += chance.IntN(2)
	}
	for len(cuts) < images {
		cuts = append(cuts, chance.IntN(len(w.calls)+1))
	}
	slices.Sort(cuts)
	return cuts
}

func (w *watched) describe(i int) string {
	if i == len(w.calls) {
		return "the end"
	}
	c := w.calls[i]
	return fmt.Sprintf("%s %s at %d, %d bytes", c.kind, c.path, c.offset, len(c.data))
}

// disk is what a process has made of a folder, and how much of it is synced.
type disk struct {
	live    map[string]*diskFile // as the process sees it
	synced  map[string]*diskFile // the names that a sync of the folder has stored
	changes []nameChange         // of names, since then
}

type diskFile struct {
	synced  []byte
	pending []fileCall // writes and truncates since the last sync
}

// nameChange gives a name to a file, or with none takes it.
type nameChange struct {
	name string
	file *diskFile
}

func newDisk() *disk {
	return &disk{live: map[string]*diskFile{}, synced: map[string]*diskFile{}}
}

func (d *disk) apply(call fileCall) {
	if strings.HasSuffix(call.path, "-shm") || call.kind == callReport {
		return // SQLite makes its index of the WAL anew at each start
	}
	file := d.live[call.path]
	switch call.kind {
	case callOpen:
		if file == nil {
			d.name(call.path, &diskFile{})
		} else if call.cut {
			file.pending = append(file.pending, fileCall{kind: callTruncate})
		}
	case callWrite, callTruncate:
		file.pending = append(file.pending, call)
	case callRename:
		d.name(call.to, file)
		d.name(call.path, nil)
	case callRemove:
		d.name(call.path, nil)
	case callSync:
		if call.path == "." {
			d.synced, d.changes = named(d.synced, d.changes), nil
			return
		}
		for _, c := range file.pending {
			file.synced = c.applyTo(file.synced)
		}
		file.pending = nil
	}
}

func (d *disk) name(name string, file *diskFile) {
	change := nameChange{name, file}
	d.live, d.changes = named(d.live, []nameChange{change}), append(d.changes, change)
}

func named(names map[string]*diskFile, changes []nameChange) map[string]*diskFile {
	names = maps.Clone(names)
	for _, c := range changes {
		if names[c.name] = c.file; c.file == nil {
			delete(names, c.name)
		}
	}
	return names
}

// applyTo makes a write or a truncate; it may change content in place.
func (c fileCall) applyTo(content []byte) []byte {
	if c.kind == callTruncate {
		return resized(content, int(c.offset))
	}
	content = resized(content, max(len(content), int(c.offset)+len(c.data)))
	copy(content[c.offset:], c.data)
	return content
}

func resized(content []byte, size int) []byte {
	if size <= len(content) {
		return content[:size]
	}
	return append(content, make([]byte, size-len(content))...)
}
