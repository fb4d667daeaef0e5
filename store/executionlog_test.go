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

func TestExecutionRoundTrip(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	trigger := uuid.New()
	want := testExecution(s, s.newID())
	want.AppID, want.TriggerID, want.LogsDropped = s.newID(), &trigger, 7
	want.Status, want.StatusCode = StatusError, 502
	want.Error = &ExecutionError{Code: "script_error", Message: "böse", Script: "hello", Line: 3, Traceback: "stack"}
	want.Request.BodyBase64, want.Response.BodyBase64 = true, true
	want.Logs = append(want.Logs, LogLine{At: want.StartedAt - 5, Level: "warn", Message: strings.Repeat("x", 4096)})
	bare := &Execution{ID: s.newID(), ScriptID: want.ScriptID, Status: StatusRejected, Logs: []LogLine{}, StartedAt: 1}
	for _, x := range []*Execution{want, bare} {
		kept := *x
		s.RecordExecution(x)
		noError(t, s.FlushExecutions(t.Context()))
		got := must[Execution](t)(s.Execution(t.Context(), x.ID))
		kept.AppID = want.AppID // the script's
		if diff := cmp.Diff(kept, got); diff != "" {
			t.Errorf("read back (-want +got):\n%s", diff)
		}
	}
	_, err := s.Execution(t.Context(), s.newID())
	wantCode(t, err, KindNotFound, "not_found")
	_, err = s.Execution(t.Context(), uuid.New())
	wantCode(t, err, KindNotFound, "not_found")
}

func TestExecutionsFilterAndPage(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	app, one, two := s.newID(), s.newID(), s.newID()
	for i := range 600 {
		x := testExecution(s, one)
		x.AppID, x.StartedAt = app, TimeOf(clock.now())
		if i%3 == 0 {
			x.ScriptID, x.Status = two, StatusError
			x.Error = &ExecutionError{Message: "Needle in HAY"}
		}
		s.RecordExecution(x)
		clock.step(time.Second)
		if i%100 == 0 {
			noError(t, s.FlushExecutions(t.Context()))
		}
	}
	noError(t, s.FlushExecutions(t.Context()))
	start := newTestClock().now()
	since, until := TimeOf(start.Add(100*time.Second)), TimeOf(start.Add(199*time.Second))
	for _, c := range []struct {
		name   string
		filter ExecutionFilter
		want   int
	}{
		{"app", ExecutionFilter{App: app}, 600},
		{"script", ExecutionFilter{Script: two}, 200},
		{"app and script", ExecutionFilter{App: app, Script: one}, 400},
		{"other app", ExecutionFilter{App: s.newID()}, 0},
		{"status", ExecutionFilter{App: app, Status: StatusError}, 200},
		{"status of none", ExecutionFilter{App: app, Status: StatusTimeout}, 0},
		{"since and until", ExecutionFilter{App: app, Since: &since, Until: &until}, 100},
		{"text", ExecutionFilter{App: app, Text: "needle IN"}, 200},
		{"text of none", ExecutionFilter{Script: one, Text: "needle"}, 0},
		{"text in a body", ExecutionFilter{Script: one, Text: "TEMPERATURE"}, 400},
		{"text in a path", ExecutionFilter{Script: one, Text: "/hook/SENSOR"}, 400},
		{"text in a query", ExecutionFilter{Script: one, Text: "Room=Hall"}, 400},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, last, request := 0, "", PageRequest{Limit: 30}
			for {
				page := must[Page[Execution]](t)(s.Executions(t.Context(), c.filter, request))
				for _, x := range page.Items {
					if id := x.ID.String(); last != "" && id >= last {
						t.Fatalf("%s comes after %s", id, last)
					}
					last = x.ID.String()
				}
				got += len(page.Items)
				if request.Cursor = page.NextCursor; request.Cursor == "" {
					break
				}
			}
			if got != c.want {
				t.Errorf("%d executions, want %d", got, c.want)
			}
		})
	}
	_, err := s.Executions(t.Context(), ExecutionFilter{}, PageRequest{})
	wantCode(t, err, KindInvalid, "invalid_filter")
	_, err = s.Executions(t.Context(), ExecutionFilter{App: app, Status: "odd"}, PageRequest{})
	wantCode(t, err, KindInvalid, "invalid_status")
}

func TestTextSearchIsBoundedPerPage(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	script := s.newID()
	for range searchRows + 500 {
		s.RecordExecution(testExecution(s, script))
	}
	noError(t, s.FlushExecutions(t.Context()))
	filter := ExecutionFilter{Script: script, Text: "nowhere"}
	page := must[Page[Execution]](t)(s.Executions(t.Context(), filter, PageRequest{}))
	if len(page.Items) != 0 || page.NextCursor == "" {
		t.Fatalf("%d items and cursor %q, want none and a cursor to go on", len(page.Items), page.NextCursor)
	}
	for pages := 1; page.NextCursor != ""; pages++ {
		if pages > 10 {
			t.Fatal("the search does not end")
		}
		page = must[Page[Execution]](t)(s.Executions(t.Context(), filter, PageRequest{Cursor: page.NextCursor}))
	}
}

func TestFullBufferDropsOldestSuccessFirst(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	script := s.newID()
	record := func(status ExecutionStatus) uuid.UUID {
		x := &Execution{ID: s.newID(), ScriptID: script, Status: status}
		s.RecordExecution(x)
		return x.ID
	}
	failure, oldest := record(StatusError), record(StatusSuccess)
	var newest uuid.UUID
	for range bufferRows + 10 {
		newest = record(StatusSuccess)
	}
	noError(t, s.FlushExecutions(t.Context()))
	if stats := s.ExecutionLogStats(); stats.Dropped != 12 || stats.Recorded != stats.Written+stats.Dropped {
		t.Errorf("stats are %+v, want 12 dropped and the rest written", stats)
	}
	must[Execution](t)(s.Execution(t.Context(), failure))
	must[Execution](t)(s.Execution(t.Context(), newest))
	_, err := s.Execution(t.Context(), oldest)
	wantCode(t, err, KindNotFound, "not_found")

	for range bufferRows + 5 {
		record(StatusTimeout)
	}
	if rows := s.log.rows(); rows != bufferRows {
		t.Errorf("%d failures are buffered, want %d", rows, bufferRows)
	}
}

func TestBufferIsBoundedInBytes(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	for range 40 {
		x := testExecution(s, uuid.Max)
		x.Response.Body = strings.Repeat("x", 1<<20)
		s.RecordExecution(x)
	}
	if s.log.bytes > bufferBytes || s.log.rows() < 7 {
		t.Errorf("%d bytes in %d rows, want at most %d bytes in at least 7", s.log.bytes, s.log.rows(), bufferBytes)
	}
	noError(t, s.FlushExecutions(t.Context()))
}

func TestFailedFlushKeepsRecords(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	x := testExecution(s, s.newID())
	s.RecordExecution(x)
	s.space.markFull()
	wantCode(t, s.FlushExecutions(t.Context()), KindUnavailable, "storage_full")
	s.space.full.Store(false)
	s.RecordExecution(testExecution(s, s.newID()))
	noError(t, s.FlushExecutions(t.Context()))
	must[Execution](t)(s.Execution(t.Context(), x.ID))
	if stats := s.ExecutionLogStats(); stats.Written != 2 || stats.Dropped != 0 {
		t.Errorf("stats are %+v, want both written", stats)
	}
}

func logPages(t testing.TB, s *Store) (rows, batches, pages int64) {
	t.Helper()
	noError(t, s.read(t.Context(), func(tx *transaction) (err error) {
		for query, into := range map[string]*int64{
			"SELECT count(*) FROM executions":        &rows,
			"SELECT count(*) FROM execution_batches": &batches,
			"SELECT (SELECT page_count FROM pragma_page_count) - (SELECT freelist_count FROM pragma_freelist_count)": &pages,
		} {
			if *into, err = tx.count(query); err != nil {
				return err
			}
		}
		return nil
	}))
	return rows, batches, pages
}

// A flush of nothing must not leave a buffer with two owners: what the next
// flush has taken is not overwritten by records that come meanwhile.
func TestTakenRecordsStayAfterAnEmptyFlush(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	script := s.newID()
	s.RecordExecution(testExecution(s, script))
	noError(t, s.FlushExecutions(t.Context()))
	noError(t, s.FlushExecutions(t.Context()))
	s.log.turn <- struct{}{} // as a flush holds it
	defer func() { <-s.log.turn }()
	first := testExecution(s, script)
	s.RecordExecution(first)
	taken, _ := s.log.take()
	s.RecordExecution(testExecution(s, script))
	if len(taken) != 1 || taken[0].execution != first {
		t.Error("a record that was taken is another one now")
	}
}

func TestRetentionByRows(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	config.LogRetentionRows = 100
	s := openTest(t, config)
	_, _, empty := logPages(t, s)
	busy, slow := s.newID(), s.newID()
	for i := range 20 * flushRows {
		script := busy
		if i%flushRows == 0 {
			script = slow
		}
		s.RecordExecution(testExecution(s, script))
		if i%flushRows == flushRows-1 {
			noError(t, s.FlushExecutions(t.Context()))
		}
	}
	_, _, before := logPages(t, s)
	noError(t, s.RunRetention(t.Context()))
	rows, batches, after := logPages(t, s)
	if rows != 100+20 || batches != 20 {
		t.Errorf("%d rows in %d batches, want 120 in 20", rows, batches)
	}
	if (after-empty)*8 > before-empty {
		t.Errorf("%d pages of %d are still in use: the slow script's batches keep the busy one's space", after-empty, before-empty)
	}
	page := must[Page[Execution]](t)(s.Executions(t.Context(), ExecutionFilter{Script: slow}, PageRequest{Limit: 200}))
	if len(page.Items) != 20 || page.Items[0].Request == nil {
		t.Errorf("the slow script has %d records, want its 20 whole ones", len(page.Items))
	}
}

func TestTickTrimsOverSlack(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	config.LogRetentionRows = 100
	s := openTest(t, config)
	script := s.newID()
	for range 20 {
		for range 100 {
			s.RecordExecution(testExecution(s, script))
		}
		for range logTicks {
			noError(t, s.housekeeper.tick(t.Context()))
		}
	}
	if rows, _, _ := logPages(t, s); rows > 100+64 {
		t.Errorf("%d rows after the ticks, want at most 164", rows)
	}
}

func TestRetentionByAge(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now, config.LogRetentionDays = clock.now, 2
	s := openTest(t, config)
	script := s.newID()
	for range 2500 {
		s.RecordExecution(testExecution(s, script))
	}
	clock.step(49 * time.Hour)
	s.RecordExecution(testExecution(s, script))
	noError(t, s.FlushExecutions(t.Context()))
	groups := s.WriterStats().Groups
	s.log.retention.rows = 1 << 30 // age alone
	noError(t, s.RunRetention(t.Context()))
	if rows, batches, _ := logPages(t, s); rows != 1 || batches != 1 {
		t.Errorf("%d rows in %d batches, want 1 in 1", rows, batches)
	}
	if steps := s.WriterStats().Groups - groups; steps != 3 {
		t.Errorf("trimmed in %d steps, want 3 of at most %d rows", steps, trimRows)
	}
}

func TestExecutionIDs(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	const each = 20_000
	made := make(chan []uuid.UUID)
	for range 4 {
		go func() {
			ids := make([]uuid.UUID, each)
			for i := range ids {
				ids[i] = s.newID()
			}
			made <- ids
		}()
	}
	seen := map[uuid.UUID]bool{}
	for range 4 {
		last := ""
		for _, id := range <-made {
			key, rest, ok := splitID(id)
			if !ok || id.Version() != 7 || id.Variant() != uuid.RFC4122 || joinID(key, rest) != id || id.String() <= last || seen[id] {
				t.Fatalf("%s after %q: not a new, later UUIDv7 that splits and joins", id, last)
			}
			last, seen[id] = id.String(), true
		}
	}
	newest := s.newID()
	s.RecordExecution(&Execution{ID: newest, ScriptID: newest, Status: StatusSuccess})
	closeTest(t, s)
	clock.step(-365 * 24 * time.Hour)
	s = openTest(t, config)
	if next := s.newID(); next.String() <= newest.String() {
		t.Errorf("after a restart with the clock a year back %s is not after %s", next, newest)
	}
}

func TestLogSurvivesRestart(t *testing.T) {
	t.Parallel()
	config := testConfig(t, t.TempDir())
	s := openTest(t, config)
	x := testExecution(s, s.newID())
	s.RecordExecution(x)
	closeTest(t, s)
	s = openTest(t, config)
	s.RecordExecution(testExecution(s, x.ScriptID))
	noError(t, s.FlushExecutions(t.Context()))
	page := must[Page[Execution]](t)(s.Executions(t.Context(), ExecutionFilter{Script: x.ScriptID}, PageRequest{}))
	if len(page.Items) != 2 {
		t.Errorf("%d records, want the one from before the restart and the new one", len(page.Items))
	}
}

func FuzzDecodeBatch(f *testing.F) {
	var e batchEncoder
	e.reset()
	g := idGenerator{now: time.Now}
	id := g.next()
	key, _, _ := splitID(id)
	e.add(key, &Execution{ID: id, RequestID: "r", Logs: []LogLine{{Level: "info", Message: "m"}}, Error: &ExecutionError{Code: "c"},
		Request: &RecordedRequest{Method: "GET", Headers: []HeaderField{{"a", "b"}}}, Response: &RecordedResponse{Status: 200}})
	f.Add(e.random, string(e.buffer))
	f.Fuzz(func(t *testing.T, random []byte, raw string) {
		records := 0
		err := decodeBatch(random, raw, func(int64, *Execution) error { records++; return nil })
		if err == nil && records == 0 && (raw != "" || len(random) > 0) {
			t.Error("bytes that are no record read as an empty batch")
		}
	})
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
