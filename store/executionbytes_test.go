package store

import (
	"context"
	"encoding/binary"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

// walPages reads the WAL file and returns its valid frames and how many
// different pages they hold, which is what a checkpoint writes.
func walPages(t testing.TB, s *Store) (frames, pages int64) {
	t.Helper()
	file := must[*os.File](t)(os.Open(s.path + "-wal"))
	defer file.Close()
	header := make([]byte, walHeaderBytes)
	must[int](t)(io.ReadFull(file, header))
	salt := string(header[16:24])
	frame, seen := make([]byte, frameBytes), map[uint32]bool{}
	for {
		if _, err := io.ReadFull(file, frame); err != nil || string(frame[8:16]) != salt {
			return frames, int64(len(seen))
		}
		frames++
		seen[binary.BigEndian.Uint32(frame)] = true
	}
}

// measureLog records executions with rate each second, flushed by hand as the
// housekeeper would, and returns bytes and syncs per 1,000.
func measureLog(t *testing.T, perSecond, seconds int) (bytes, syncs float64) {
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	config.LogRetentionRows = 1 << 30
	s := openTest(t, config)
	scripts := make([]uuid.UUID, 50)
	for i := range scripts {
		scripts[i] = s.newID()
	}
	var written int64
	finish := func() {
		frames, pages := walPages(t, s)
		written += frames*frameBytes + pages*4096
		noError(t, s.writer.do(t.Context(), &operation{alone: func(c *connection) error {
			_, err := s.writer.checkpointHere(c)
			return err
		}}))
	}
	s.writer.onGrown = func() {} // checkpoints are made here, to be counted
	before := s.WriterStats().Syncs
	n := 0
	for range seconds {
		for range perSecond {
			s.RecordExecution(testExecution(s, scripts[n%len(scripts)]))
			n++
			select {
			case <-s.log.due:
				noError(t, s.flush(t.Context()))
			default:
			}
			clock.step(time.Second / time.Duration(perSecond))
		}
		noError(t, s.housekeeper.tick(t.Context()))
		if s.writer.stats.walFrames.Load() >= checkpointFrames {
			finish()
		}
	}
	finish()
	return float64(written) / float64(n) * 1000, float64(s.WriterStats().Syncs-before) / float64(n) * 1000
}

// The figures are those of docs/architecture.md, "Storage"; a WAL frame is
// 4,120 bytes, a page moved by a checkpoint 4,096.
func TestExecutionLogStaysWithinItsWrites(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name               string
		perSecond, seconds int
		bytes, syncs       float64
	}{
		{"10 per second", 10, 600, 2.0e6, 101},
		{"500 per second", 500, 20, 0.45e6, 4},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			bytes, syncs := measureLog(t, c.perSecond, c.seconds)
			t.Logf("%.0f bytes, %.1f syncs per 1,000 executions", bytes, syncs)
			if bytes > c.bytes || syncs > c.syncs {
				t.Errorf("%.0f bytes and %.1f syncs per 1,000 executions, want at most %.0f and %.0f", bytes, syncs, c.bytes, c.syncs)
			}
		})
	}
}

func TestIdleStoreWritesNothing(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: "one"}))
	noError(t, s.housekeeper.tick(t.Context()))
	look := func() string {
		var all strings.Builder
		for _, name := range []string{s.path, s.path + "-wal", s.lock.file.Name()} {
			info := must[os.FileInfo](t)(os.Stat(name))
			all.WriteString(info.ModTime().String() + " ")
		}
		return all.String()
	}
	before, stats := look(), s.WriterStats()
	for range 100 {
		noError(t, s.housekeeper.tick(t.Context()))
		noError(t, s.RunRetention(t.Context()))
		noError(t, s.Ping(t.Context()))
		must[int](t)(s.DeleteExpiredSessions(t.Context()))
	}
	if after := look(); after != before {
		t.Errorf("files changed while idle: %s, before %s", after, before)
	}
	if diff := cmp.Diff(stats.Syncs, s.WriterStats().Syncs); diff != "" {
		t.Errorf("syncs while idle:\n%s", diff)
	}
}

func BenchmarkRecordExecution(b *testing.B) {
	s := newTestStore(b)
	script := s.newID()
	records := make([]*Execution, 4096)
	for i := range records {
		records[i] = testExecution(s, script)
	}
	b.Run("record", func(b *testing.B) {
		b.ReportAllocs()
		for i := range b.N {
			s.RecordExecution(records[i%len(records)])
		}
	})
	b.Run("flush", func(b *testing.B) {
		b.ReportAllocs()
		n := 0
		for n < b.N {
			b.StopTimer()
			for range min(flushRows, b.N-n) {
				records[n%len(records)].ID = s.newID()
				s.RecordExecution(records[n%len(records)])
				n++
			}
			b.StartTimer()
			if err := s.FlushExecutions(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("id", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			s.newID()
		}
	})
}
