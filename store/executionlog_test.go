package store

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

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
