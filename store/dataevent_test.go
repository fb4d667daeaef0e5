package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
)

// storedEvents are the fields of the outbox's events, in the order of the commits.
func storedEvents(t testing.TB, s *Store) (events []map[string]any) {
	t.Helper()
	noError(t, s.read(t.Context(), func(tx *transaction) error {
		return tx.each(func(r row) error {
			var event map[string]any
			events = append(events, event)
			return json.Unmarshal(r.blob(0), &events[len(events)-1])
		}, "SELECT event FROM outbox ORDER BY key, rest")
	}))
	return events
}

// Each event's previous value is the value of the event before it, whoever
// wrote that, with 32 at once on one key.
func TestPreviousValuesAreExact(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	f.trigger(t, "kv", TriggerKV, DataRule{Collection: "c"})
	f.trigger(t, "docs", TriggerDocs, DataRule{Collection: "c"})
	const writers, writes = 32, 8
	key, document := KVKey{f.app.ID, "c", "k"}, DocumentKey{f.app.ID, "c", "d"}
	must[*Document](t)(f.InsertDocument(t.Context(), document, DocumentWrite{Data: json.RawMessage(`{"n":-1}`)}))
	var group sync.WaitGroup
	for w := range writers {
		group.Go(func() {
			for n := range writes {
				value := json.RawMessage(strconv.Itoa(w*writes + n))
				_, err := f.SetKV(context.Background(), key, KVWrite{Value: value, Relaxed: w%2 == 0})
				if err == nil && n%4 == 3 {
					_, err = f.DeleteKV(context.Background(), key, KVDeletion{})
				}
				if err == nil {
					_, err = f.PatchDocument(context.Background(), document, DocumentWrite{Data: json.RawMessage(fmt.Sprintf(`{"n":%s}`, value))})
				}
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	var value, data any
	counts := map[string]int{}
	for i, event := range storedEvents(t, f.Store) {
		kind, now, before, last := "kv", event["value"], event["prev_value"], &value
		if _, isKV := event["key"]; !isKV {
			kind, now, before, last = "docs", event["data"], event["prev_data"], &data
		}
		if fmt.Sprint(before) != fmt.Sprint(*last) {
			t.Fatalf("event %d (%s %s) follows %v, but says %v", i, kind, event["op"], *last, before)
		}
		want := map[[2]bool]string{{false, true}: opInsert, {true, true}: opUpdate, {true, false}: opDelete}[[2]bool{before != nil, now != nil}]
		if event["op"] != want {
			t.Fatalf("event %d says %s, want %s: %v", i, event["op"], want, event)
		}
		*last = now
		counts[kind]++
	}
	if counts["kv"] < writers*writes || counts["docs"] != writers*writes+1 {
		t.Errorf("events: %v", counts)
	}
	entry := must[*KVEntry](t)(f.KV(t.Context(), key))
	if stored := must[*Document](t)(f.Document(t.Context(), document)); (entry == nil) != (value == nil) || stored.Rev != writers*writes+1 {
		t.Errorf("the last event left %v, stored is %v; the document's rev is %d", value, entry, stored.Rev)
	}
}

func TestWhatTellsNoEvent(t *testing.T) {
	t.Parallel()
	clock := newTestClock()
	config := testConfig(t, t.TempDir())
	config.Now = clock.now
	f := newEventFixture(t, openTest(t, config))
	f.trigger(t, "kv", TriggerKV, DataRule{Collection: "c"})
	key := KVKey{f.app.ID, "c", "k"}
	set := func(ttl int) {
		t.Helper()
		must[*KVEntry](t)(f.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage("1"), TTL: time.Duration(ttl) * time.Second}))
	}
	set(10)
	set(20) // only the expiry moves
	set(0)
	set(0)
	set(5)
	clock.step(6 * time.Second)
	must[bool](t)(f.sweepExpired(t.Context())) // an expiry is no change
	must[bool](t)(f.DeleteKV(t.Context(), key, KVDeletion{}))
	set(0)
	events := storedEvents(t, f.Store)
	if len(events) != 2 || events[0]["op"] != opInsert || events[1]["op"] != opInsert || events[1]["prev_value"] != nil {
		t.Errorf("events: %v", events)
	}
}

// A change and its event are one: when the outbox is full neither is there.
func TestNoChangeWithoutItsEvent(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	f.trigger(t, "kv", TriggerKV, DataRule{Collection: "c"})
	f.outbox.usage[f.app.ID] = &outboxUsage{rows: maxOutboxRows - 1}
	key := KVKey{f.app.ID, "c", "k"}
	setKV(t, f.Store, key, "1")
	_, err := f.SetKV(t.Context(), key, KVWrite{Value: json.RawMessage("2")})
	wantCode(t, err, KindLimit, "outbox_full")
	err = f.CommitData(t.Context(), DataCommit{App: f.app.ID, Writes: []DataWrite{
		{DataKey: DataKey{DataKV, "other", "k"}, Value: json.RawMessage("1")}, {DataKey: DataKey{DataKV, "c", "k"}, Value: json.RawMessage("3")}}})
	wantCode(t, err, KindLimit, "outbox_full")
	entry := must[*KVEntry](t)(f.KV(t.Context(), key))
	if string(entry.Value) != "1" || outboxRows(t, f.Store) != 1 || kvVersion(t, f.Store, KVKey{f.app.ID, "other", "k"}) != 0 {
		t.Errorf("entry %s, %d events", entry.Value, outboxRows(t, f.Store))
	}
}

// commitIncrement reads a counter and an entry of a list, and commits both.
func commitIncrement(s *Store, app uuid.UUID) error {
	counter := DataKey{DataKV, "tx", "n"}
	for {
		position := s.DataPosition()
		page, err := s.ListKV(context.Background(), KVQuery{App: app, Collection: "list", Limit: 1000})
		if err != nil {
			return err
		}
		entry, err := s.KV(context.Background(), KVKey{app, counter.Collection, counter.Key})
		if err != nil {
			return err
		}
		read, n := DataRead{DataKey: counter}, 0
		if entry != nil {
			read.Version = entry.Version
			if n, err = strconv.Atoi(string(entry.Value)); err != nil {
				return err
			}
		}
		commit := DataCommit{App: app, Reads: []DataRead{read}, Writes: []DataWrite{
			{DataKey: counter, Value: strconv.AppendInt(nil, int64(n+1), 10)},
			{DataKey: DataKey{DataKV, "list", fmt.Sprintf("%06d", len(page.Items))}, Value: json.RawMessage("1")},
		}, Listings: []DataListing{{DataKV, "list", position}}}
		var conflict *Error
		if err = s.CommitData(context.Background(), commit); err == nil || !errors.As(err, &conflict) || conflict.Code != "transaction_conflict" {
			return err
		}
	}
}

// Increments by read and write lose nothing, and no two transactions take the
// same place in a list: what a listing has not seen is a conflict too.
func TestTransactionsLoseNothing(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	const workers, each = 16, 5
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for range each {
				if err := commitIncrement(s, app); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	entry := must[*KVEntry](t)(s.KV(t.Context(), KVKey{app, "tx", "n"}))
	page := must[Page[KVEntry]](t)(s.ListKV(t.Context(), KVQuery{App: app, Collection: "list", Limit: 1000}))
	if string(entry.Value) != strconv.Itoa(workers*each) || len(page.Items) != workers*each {
		t.Errorf("the counter is %s and the list has %d, want %d", entry.Value, len(page.Items), workers*each)
	}
}

func TestTransactionChecksWhatItRead(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	app := dataApp(t, s)
	setKV(t, s, KVKey{app, "c", "there"}, "1")
	insertDoc(t, s, app, "there", `{}`)
	position := s.DataPosition()
	must[*Document](t)(s.InsertDocument(t.Context(), DocumentKey{app, "later", ""}, DocumentWrite{Data: json.RawMessage(`{}`)}))
	write := []DataWrite{{DataKey: DataKey{DataKV, "c", "new"}, Value: json.RawMessage("1")}}
	for name, test := range map[string]struct {
		commit   DataCommit
		conflict bool
	}{
		"as read":                {DataCommit{Reads: []DataRead{{DataKey{DataKV, "c", "there"}, 1}, {DataKey{DataKV, "c", "none"}, 0}, {DataKey{DataKV, "x", "none"}, 0}}}, false},
		"documents as read":      {DataCommit{Reads: []DataRead{{DataKey{DataDocs, "d", "there"}, 1}, {DataKey{DataDocs, "d", "none"}, 0}}}, false},
		"changed":                {DataCommit{Reads: []DataRead{{DataKey{DataKV, "c", "there"}, 2}}}, true},
		"came":                   {DataCommit{Reads: []DataRead{{DataKey{DataKV, "c", "there"}, 0}}}, true},
		"went":                   {DataCommit{Reads: []DataRead{{DataKey{DataDocs, "d", "none"}, 1}}}, true},
		"list unchanged":         {DataCommit{Listings: []DataListing{{DataDocs, "d", position}, {DataKV, "later", position}}}, false},
		"list changed":           {DataCommit{Listings: []DataListing{{DataDocs, "later", position}}}, true},
		"nothing read or listed": {DataCommit{}, false},
	} {
		for _, writes := range [][]DataWrite{nil, write} {
			commit := test.commit
			commit.App, commit.Writes = app, writes
			before := kvVersion(t, s, KVKey{app, "c", "new"})
			err := s.CommitData(t.Context(), commit)
			if test.conflict {
				wantCode(t, err, KindConflict, "transaction_conflict")
				if kvVersion(t, s, KVKey{app, "c", "new"}) != before {
					t.Errorf("%s: it wrote all the same", name)
				}
			} else if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
}
