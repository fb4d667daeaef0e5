package store

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
)

// deadLetterSize is the number and the bytes of an app's dead letters: what the
// caps are about, counted from the columns and not from what is kept as a sum.
func deadLetterSize(t *testing.T, s *Store, app uuid.UUID) (rows, bytes int64) {
	t.Helper()
	noError(t, s.read(t.Context(), func(tx *transaction) error {
		r, err := tx.first("SELECT count(*), coalesce(sum(octet_length(event) + coalesce(octet_length(body), 0) + octet_length(error) +"+
			" octet_length(attempts) + octet_length(note)), 0) FROM dead_letters WHERE app_id = ?", app)
		if err == nil {
			rows, bytes = r.integer(0), r.integer(1)
		}
		return err
	}))
	return rows, bytes
}

// fillDeadLetters gives an app so many dead letters with an event of so many
// bytes, older than any that the store makes.
func fillDeadLetters(t *testing.T, s *Store, app, trigger, script uuid.UUID, rows, bytes int) {
	t.Helper()
	noError(t, s.change(t.Context(), func(tx *transaction) error {
		_, err := tx.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
			" INSERT INTO dead_letters (key, rest, app_id, trigger_id, script_id, event_id, kind, depth, occurred_at, bytes, state, note, error,"+
			" created_at, attempts, event) SELECT i, i, ?, ?, ?, randomblob(16), 'kv', 1, 1, ?, 'open', '', '', 1, '', zeroblob(?) FROM n",
			rows, app, trigger, script, bytes, bytes)
		return err
	}))
}

// deliver queues one change and returns the delivery that it leads to.
func (f eventFixture) deliver(t *testing.T) PendingDelivery {
	t.Helper()
	noError(t, f.change(t.Context(), func(tx *transaction) error { return f.emit(tx, f.kvChange("a")) }))
	taken := f.TakeDeliveries()
	if len(taken) != 1 {
		t.Fatalf("took %+v", taken)
	}
	return taken[0]
}

// An app keeps its newest 10,000 dead letters, however one comes to be.
func TestTheRowsOfDeadLettersAreCapped(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	trigger := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	neighbour := must[App](t)(f.CreateApp(t.Context(), AppDraft{Slug: "neighbour"}))
	fillDeadLetters(t, f.Store, f.app.ID, trigger, f.script.ID, maxDeadLetters, 10)
	request := func() PendingDelivery {
		must[uuid.UUID](t)(f.AcceptRequest(t.Context(), &f.script, AsyncRequest{Method: "POST", Path: "/x"}))
		return f.TakeDeliveries()[0]
	}
	for name, burial := range map[string]Burial{
		"its attempts are used up": {Delivery: f.deliver(t), Reason: "no", Last: &Attempt{Error: "no"}},
		"its script is gone":       {Delivery: f.deliver(t), Reason: "the script was deleted"},
		"a request":                {Delivery: request(), Reason: "no", Last: &Attempt{Error: "no"}},
	} {
		noError(t, f.BuryDelivery(t.Context(), burial))
		if rows, _ := deadLetterSize(t, f.Store, f.app.ID); rows > maxDeadLetters || rows < keepDeadLetters {
			t.Errorf("%s: %d dead letters, want %d to %d", name, rows, keepDeadLetters, maxDeadLetters)
		}
		if _, err := f.DeadLetter(t.Context(), burial.Delivery.ID); err != nil {
			t.Errorf("%s: the newest is not there: %v", name, err)
		}
	}
	want := DeadLetterStats{Kept: keepDeadLetters + 2, Open: keepDeadLetters + 2, Made: 3, Dropped: maxDeadLetters - keepDeadLetters + 1}
	if stats := must[DeadLetterStats](t)(f.DeadLetterStats(t.Context())); stats != want {
		t.Errorf("counted %+v, want %+v", stats, want)
	}
	if rows, _ := deadLetterSize(t, f.Store, neighbour.ID); rows != 0 {
		t.Errorf("the neighbour has %d", rows)
	}
}

// They are counted once in a hundred burials, not at each.
func TestDeadLettersAreNotCountedAtEachBurial(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	trigger := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	fillDeadLetters(t, f.Store, f.app.ID, trigger, f.script.ID, maxDeadLetters-2, 10)
	room := func() (rows int64) {
		noError(t, f.change(t.Context(), func(*transaction) error { // in the writer
			rows = -1
			if room, known := f.deadLetterRooms[f.app.ID]; known {
				rows = room.rows
			}
			return nil
		}))
		return rows
	}
	for n, want := range []int64{1, 0, -1, maxDeadLetters - keepDeadLetters - 1, maxDeadLetters - keepDeadLetters - 2} {
		noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: f.deliver(t), Reason: "no"}))
		rows, _ := deadLetterSize(t, f.Store, f.app.ID)
		if got := room(); got != want || got >= 0 && rows+got != maxDeadLetters {
			t.Errorf("after burial %d there are %d and room for %d, want for %d", n, rows, got, want)
		}
	}
}

// Nor do they take more than 32 MiB, with all that is kept of each: what came
// in, why it failed each time, and what people note.
func TestTheBytesOfDeadLettersAreCapped(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", maxErrorBytes)
	for name, grow := range map[string]func(t *testing.T, f eventFixture, d PendingDelivery){
		"by its error": func(t *testing.T, f eventFixture, d PendingDelivery) {
			noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: d, Reason: long}))
		},
		"by its attempts": func(t *testing.T, f eventFixture, d PendingDelivery) {
			noError(t, f.RetryDelivery(t.Context(), d.ID, Attempt{Error: long}, 0))
			noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: d, Reason: "no", Last: &Attempt{Error: long}}))
		},
		"by a note": func(t *testing.T, f eventFixture, d PendingDelivery) {
			noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: d, Reason: "no"}))
			must[DeadLetter](t)(f.ResolveDeadLetter(t.Context(), d.ID, long))
		},
		"by a handler's failure": func(t *testing.T, f eventFixture, d PendingDelivery) {
			f.trigger(t, "handler", TriggerDeadLetter, DeadLetterRule{})
			noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: d, Reason: "no"}))
			noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: f.TakeDeliveries()[0], Reason: long}))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := newEventFixture(t, newTestStore(t))
			trigger := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
			// What is left is enough for a short dead letter, not for a long one.
			const each = (maxDeadLetterBytes - 1024) / 32
			fillDeadLetters(t, f.Store, f.app.ID, trigger, f.script.ID, 32, each)
			grow(t, f, f.deliver(t))
			rows, bytes := deadLetterSize(t, f.Store, f.app.ID)
			if bytes > maxDeadLetterBytes || rows != 32 {
				t.Errorf("%d dead letters with %d bytes, want 32 with at most %d", rows, bytes, maxDeadLetterBytes)
			}
			counted := must[int64](t)(readValue(t.Context(), f.Store, func(tx *transaction) (int64, error) { return tx.count("SELECT sum(bytes) FROM dead_letters") }))
			if counted != bytes {
				t.Errorf("counted %d bytes, they have %d", counted, bytes)
			}
		})
	}
}

// An app keeps the newest 1,000 notes of runs whose callers had gone.
func TestAbandonedExecutionsAreCapped(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	neighbour := must[App](t)(f.CreateApp(t.Context(), AppDraft{Slug: "neighbour"}))
	note := func(app uuid.UUID) AbandonedExecution {
		a := AbandonedExecution{ExecutionID: f.newID(), AppID: app, ScriptID: f.script.ID, Method: "GET", Path: "/x", StatusCode: 200}
		noError(t, f.RecordAbandoned(t.Context(), a))
		return a
	}
	first := note(f.app.ID)
	key, _, _ := splitID(first.ExecutionID)
	noError(t, f.change(t.Context(), func(tx *transaction) error {
		_, err := tx.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
			" INSERT INTO abandoned_executions SELECT ? + i, 0, ?, ?, '', 'GET', '/x', 200, 1.0, 1 FROM n", maxAbandoned-1, key, f.app.ID, f.script.ID)
		return err
	}))
	count := func(app uuid.UUID) int64 {
		return must[int64](t)(readValue(t.Context(), f.Store, func(tx *transaction) (int64, error) {
			return tx.count("SELECT count(*) FROM abandoned_executions WHERE app_id = ?", app)
		}))
	}
	note(neighbour.ID)
	last := note(f.app.ID)
	noError(t, f.RecordAbandoned(t.Context(), last)) // the same run again is no second note
	if got, other := count(f.app.ID), count(neighbour.ID); got != maxAbandoned || other != 1 {
		t.Errorf("%d notes and %d of the neighbour, want %d and 1", got, other, maxAbandoned)
	}
	listed := must[Page[AbandonedExecution]](t)(f.AbandonedExecutions(t.Context(), f.app.ID, PageRequest{Limit: 1}))
	if listed.Items[0].ExecutionID != last.ExecutionID {
		t.Errorf("the newest is %s, want %s", listed.Items[0].ExecutionID, last.ExecutionID)
	}
	gone := must[int64](t)(readValue(t.Context(), f.Store, func(tx *transaction) (int64, error) {
		return tx.count("SELECT count(*) FROM abandoned_executions WHERE key = ?", key)
	}))
	if gone != 0 {
		t.Error("the oldest note is still there")
	}
}

// A replay is the same event: it has occurred when it did, and its delivery has
// waited since the replay.
func TestAReplayedEventOccurredWhenItDid(t *testing.T) {
	t.Parallel()
	clock, config := newTestClock(), testConfig(t, t.TempDir())
	config.Now = clock.now
	f := newEventFixture(t, openTest(t, config))
	f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	buried := f.deliver(t)
	noError(t, f.BuryDelivery(t.Context(), Burial{Delivery: buried, Reason: "failed"}))
	letter := must[DeadLetter](t)(f.DeadLetter(t.Context(), buried.ID))
	clock.step(24 * time.Hour)
	must[DeadLetter](t)(f.ReplayDeadLetter(t.Context(), letter.ID, Origin{}))
	clock.step(time.Minute)
	replayed := must[Page[Delivery]](t)(f.Deliveries(t.Context(), f.app.ID, PageRequest{})).Items[0].Event
	if replayed.ID != letter.Event.ID || replayed.OccurredAt != letter.Event.OccurredAt {
		t.Errorf("the replay is event %s of %s, it was %s of %s", replayed.ID, replayed.OccurredAt, letter.Event.ID, letter.Event.OccurredAt)
	}
	if stats := must[OutboxStats](t)(f.OutboxStats(t.Context())); stats.OldestMS != time.Minute.Milliseconds() {
		t.Errorf("the oldest delivery has waited %d ms, want a minute", stats.OldestMS)
	}
}

// A page of what holds long events ends early, and the next one goes on.
func TestPagesOfLongEventsEndEarly(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	trigger := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	const letters, long = 7, 400 << 10
	fillDeadLetters(t, f.Store, f.app.ID, trigger, f.script.ID, letters, long)
	for range letters {
		must[uuid.UUID](t)(f.AcceptRequest(t.Context(), &f.script, AsyncRequest{Method: "POST", Path: "/x", Body: make([]byte, long)}))
	}
	for name, list := range map[string]func(PageRequest) (int, string, error){
		"dead letters": func(p PageRequest) (int, string, error) {
			page, err := f.DeadLetters(t.Context(), f.app.ID, nil, p)
			return len(page.Items), page.NextCursor, err
		},
		"outbox": func(p PageRequest) (int, string, error) {
			page, err := f.Deliveries(t.Context(), f.app.ID, p)
			return len(page.Items), page.NextCursor, err
		},
	} {
		var sizes []int
		for request := (PageRequest{Limit: 200}); ; {
			count, next, err := list(request)
			noError(t, err)
			sizes = append(sizes, count)
			if request.Cursor = next; next == "" {
				break
			}
		}
		if fmt.Sprint(sizes) != "[3 3 1]" {
			t.Errorf("%s: pages of %v, want [3 3 1]", name, sizes)
		}
	}
}
