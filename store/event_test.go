package store

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/google/uuid"
)

// eventFixture is an app with an endpoint script and the user that triggers run as.
type eventFixture struct {
	*Store
	app    App
	script Script
	user   User
}

func newEventFixture(t testing.TB, s *Store) eventFixture {
	t.Helper()
	f := eventFixture{Store: s, user: must[User](t)(s.CreateFirstOwner(t.Context(), "ada", "hash"))}
	f.app = *s.Catalog().AppBySlug("default")
	f.script = must[Script](t)(s.CreateScript(t.Context(), f.app.ID, ScriptDraft{Name: "handler", Source: "return 1"}))
	return f
}

func (f eventFixture) trigger(t testing.TB, name string, kind TriggerKind, rule any) uuid.UUID {
	t.Helper()
	id := f.newID()
	text := must[[]byte](t)(json.Marshal(rule))
	noError(t, f.change(t.Context(), func(tx *transaction) error {
		tx.changedCatalog = true
		_, err := tx.exec("INSERT INTO triggers (id, app_id, script_id, registered_by, kind, name, enabled, ordered, max_attempts, backoff,"+
			" base_ms, max_ms, rule, loops_stopped, created_at) VALUES (?, ?, ?, ?, ?, ?, 1, 0, 5, 'exponential', 1000, 900000, ?, 0, ?)",
			id, f.app.ID, f.script.ID, f.user.ID, string(kind), name, string(text), tx.at)
		return err
	}))
	return id
}

func (f eventFixture) kvChange(key string) dataChange {
	return dataChange{kind: "kv", app: f.app.ID, collection: "sensors", key: key, op: "update", value: []byte(`{"t":21}`), previous: []byte(`20`)}
}

// outboxRows counts the rows that are on the disk.
func outboxRows(t testing.TB, s *Store) int64 {
	t.Helper()
	return must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) { return tx.count("SELECT count(*) FROM outbox") }))
}

func TestAChangePutsOneRowForEachTriggerThatMatches(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	all := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	hall := f.trigger(t, "hall", TriggerKV, DataRule{Collection: "sensors", KeyPrefix: "hall.", Ops: []string{"insert", "update"}})
	f.trigger(t, "deletes", TriggerKV, DataRule{Collection: "sensors", Ops: []string{"delete"}})
	f.trigger(t, "elsewhere", TriggerKV, DataRule{Collection: "other"})
	f.trigger(t, "documents", TriggerDocs, DataRule{Collection: "sensors"})
	noError(t, f.change(t.Context(), func(tx *transaction) error { return f.emit(tx, f.kvChange("hall.temp")) }))
	<-f.DeliveriesArrived()
	taken := f.TakeDeliveries()
	if len(taken) != 2 || taken[0].Trigger != all || taken[1].Trigger != hall || taken[0].Script != f.script.ID || taken[0].App != f.app.ID {
		t.Fatalf("took %+v", taken)
	}
	var event, id string
	noError(t, f.read(t.Context(), func(tx *transaction) error {
		return tx.each(func(r row) error {
			if id != "" && id != r.id(1).String() {
				t.Error("one event has two ids")
			}
			event, id = string(r.blob(0)), r.id(1).String()
			return nil
		}, "SELECT event, event_id FROM outbox")
	}))
	if event != `{"collection":"sensors","key":"hall.temp","op":"update","value":{"t":21},"prev_value":20}` {
		t.Errorf("the event is %s", event)
	}
	noError(t, f.change(t.Context(), func(tx *transaction) error {
		return f.emit(tx, dataChange{kind: "kv", app: uuid.New(), collection: "sensors", op: "insert"})
	}))
	if rows := outboxRows(t, f.Store); rows != 2 {
		t.Errorf("another app's change left %d rows", rows)
	}
}

func TestAFailingChangeLeavesNoEvent(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	failure := errors.New("no")
	err := f.change(t.Context(), func(tx *transaction) error {
		if err := f.emit(tx, f.kvChange("a")); err != nil {
			return err
		}
		return failure
	})
	if !errors.Is(err, failure) {
		t.Fatal(err)
	}
	if rows, taken := outboxRows(t, f.Store), f.TakeDeliveries(); rows != 0 || len(taken) != 0 {
		t.Errorf("%d rows on the disk, %d for the dispatcher", rows, len(taken))
	}
	if usage := f.outbox.usageOf(f.app.ID); *usage != (outboxUsage{}) {
		t.Errorf("counted %+v", *usage)
	}
}

func TestARelaxedChangeWithAnEventIsSynced(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	before := f.WriterStats()
	noError(t, f.relax(t.Context(), func(tx *transaction) error { return f.emit(tx, f.kvChange("a")) }))
	after := f.WriterStats()
	if syncs, rows := after.Syncs-before.Syncs, outboxRows(t, f.Store); syncs != 1 || rows != 1 {
		t.Errorf("%d syncs and %d rows, want one each", syncs, rows)
	}
	noError(t, f.relax(t.Context(), func(tx *transaction) error {
		return f.emit(tx, dataChange{kind: "kv", app: f.app.ID, collection: "unwatched", op: "insert"})
	}))
	if syncs := f.WriterStats().Syncs - after.Syncs; syncs != 0 {
		t.Errorf("a change that no trigger matches cost %d syncs", syncs)
	}
}

func TestAFullOutboxFailsTheChange(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	noError(t, f.change(t.Context(), func(tx *transaction) error {
		for range maxOutboxRows {
			if err := f.emit(tx, f.kvChange("a")); err != nil {
				return err
			}
		}
		return nil
	}))
	err := f.change(t.Context(), func(tx *transaction) error {
		if _, err := tx.exec("UPDATE apps SET name = 'changed'"); err != nil {
			return err
		}
		return f.emit(tx, f.kvChange("b"))
	})
	wantCode(t, err, KindLimit, "outbox_full")
	if app := must[App](t)(readValue(t.Context(), f.Store, func(tx *transaction) (App, error) { return app(tx, f.app.ID) })); app.Name == "changed" {
		t.Error("the change was made although its event was not")
	}
	taken := f.TakeDeliveries()
	if rows := outboxRows(t, f.Store); rows != maxOutboxRows || len(taken) != maxOutboxRows {
		t.Errorf("%d rows, %d taken", rows, len(taken))
	}
	f.outbox.release(taken[:1])
	noError(t, f.change(t.Context(), func(tx *transaction) error { return f.emit(tx, f.kvChange("c")) }))
}

func TestPublishedTopics(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	hall := f.trigger(t, "hall", TriggerTopic, TopicRule{Filter: "home/hall/#"})
	p := TopicPublication{App: f.app.ID, Topic: "home/hall/temperature", Payload: []byte("21"), Dedupe: "one"}
	first := must[uuid.UUID](t)(f.PublishTopic(context.Background(), p))
	if again := must[uuid.UUID](t)(f.PublishTopic(context.Background(), p)); again != first {
		t.Errorf("a repeated dedupe key gave %s after %s", again, first)
	}
	p.Topic = "home/attic/temperature"
	must[uuid.UUID](t)(f.PublishTopic(context.Background(), p))
	if taken := f.TakeDeliveries(); len(taken) != 1 || taken[0].Trigger != hall {
		t.Errorf("took %+v", taken)
	}
	for code, bad := range map[string]TopicPublication{
		"invalid_topic":   {App: f.app.ID, Topic: "home/+", Payload: []byte("1")},
		"invalid_payload": {App: f.app.ID, Topic: "home", Payload: []byte("{")},
		"invalid_delay":   {App: f.app.ID, Topic: "home", Payload: []byte("1"), Delay: -1},
	} {
		_, err := f.PublishTopic(context.Background(), bad)
		wantCode(t, err, KindInvalid, code)
	}
}

// Old dedupe keys go in steps, and the others stay.
func TestOldDedupeKeysGoInSteps(t *testing.T) {
	t.Parallel()
	clock, config := newTestClock(), testConfig(t, t.TempDir())
	config.Now = clock.now
	s := openTest(t, config)
	const old, young = 2*dedupeStep + 7, 5
	for range 2 {
		app := dataApp(t, s)
		fill := func(rows int) {
			noError(t, s.change(t.Context(), func(tx *transaction) error {
				_, err := tx.exec("WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ?)"+
					" INSERT INTO topic_dedupe SELECT ?, randomblob(16), randomblob(16), ? FROM n", rows, app, tx.at)
				return err
			}))
		}
		fill(old)
		clock.step(dedupeFor + time.Second)
		fill(young)
	}
	clock.step(-dedupeFor / 2) // only those that came first are old now
	before := s.WriterStats().Operations
	noError(t, s.DeleteOldDedupeKeys(t.Context()))
	left := must[int64](t)(readValue(t.Context(), s, func(tx *transaction) (int64, error) { return tx.count("SELECT count(*) FROM topic_dedupe") }))
	if left != young+old+young {
		t.Errorf("%d keys are left, want %d", left, young+old+young)
	}
	if steps := s.WriterStats().Operations - before; steps < old/dedupeStep {
		t.Errorf("it took %d steps", steps)
	}
}

func TestARestartFindsWhatWasPending(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s, err := open(t.Context(), testConfig(t, dir), embeddedMigrations(t), false)
	noError(t, err)
	f := newEventFixture(t, s)
	trigger := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	noError(t, f.change(t.Context(), func(tx *transaction) error { return f.emit(tx, f.kvChange("a")) }))
	killed := crash(t, dir)
	closeTest(t, s)
	again := openTest(t, testConfig(t, killed))
	<-again.DeliveriesArrived()
	if taken := again.TakeDeliveries(); len(taken) != 1 || taken[0].Trigger != trigger || taken[0].Wait != 0 {
		t.Errorf("took %+v", taken)
	}
}

// A trigger runs as the user who registered it: when that one may not act any
// more, it starts nothing, from the next change on.
func TestTriggersStopWithTheirUser(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	other := must[User](t)(f.CreateUser(t.Context(), UserDraft{Username: "bob", Role: RoleAdmin, PasswordHash: "hash", Highest: RoleOwner}))
	f.user = other
	f.trigger(t, "bob's", TriggerKV, DataRule{Collection: "sensors"})
	rows := func(after string, want int64) {
		t.Helper()
		noError(t, f.change(t.Context(), func(tx *transaction) error { return f.emit(tx, f.kvChange("hall")) }))
		if got := outboxRows(t, f.Store); got != want {
			t.Errorf("%d rows after %s, want %d", got, after, want)
		}
	}
	rows("the trigger was made", 1)
	must[User](t)(f.UpdateUser(t.Context(), other.ID, UserChange{Active: ptr(false), Highest: RoleAdmin}))
	rows("deactivation", 1)
	triggers := must[Page[Trigger]](t)(f.Triggers(t.Context(), f.app.ID, PageRequest{}))
	if triggers.Items[0].Held != HeldRegistrant {
		t.Errorf("the trigger of a deactivated user shows %q", triggers.Items[0].Held)
	}
	must[User](t)(f.UpdateUser(t.Context(), other.ID, UserChange{Active: ptr(true), Highest: RoleAdmin}))
	rows("activation", 2)
	noError(t, f.DeleteUser(t.Context(), other.ID, RoleOwner))
	rows("deletion", 2)
}

// A script tells by ctx.event which document changed; id is the event's own there.
func TestADocumentsEventNamesIt(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	f.trigger(t, "documents", TriggerDocs, DataRule{Collection: "readings"})
	must[*Document](t)(f.InsertDocument(t.Context(), DocumentKey{App: f.app.ID, Collection: "readings", ID: "hall"}, DocumentWrite{Data: []byte(`{"t":21}`)}))
	deliveries := must[Page[Delivery]](t)(f.Deliveries(t.Context(), f.app.ID, PageRequest{}))
	if got := string(deliveries.Items[0].Event.Data); got != `{"collection":"readings","document_id":"hall","op":"insert","data":{"t":21}}` {
		t.Errorf("the event is %s", got)
	}
}

// What is finished leaves the outbox with the next delivery that is put there,
// in the same synced commit, and never before that is sure.
func TestFinishedDeliveriesGoWithTheNextOne(t *testing.T) {
	t.Parallel()
	s := newTestStore(t)
	f := newEventFixture(t, s)
	f.trigger(t, "all", TriggerTopic, TopicRule{Filter: "#"})
	publish := func() PendingDelivery {
		t.Helper()
		must[uuid.UUID](t)(s.PublishTopic(t.Context(), TopicPublication{App: f.app.ID, Topic: "t", Payload: []byte("1")}))
		<-s.DeliveriesArrived()
		taken := s.TakeDeliveries()
		if len(taken) != 1 {
			t.Fatalf("%d deliveries arrived", len(taken))
		}
		return taken[0]
	}
	first, second := publish(), publish()
	before := s.WriterStats()
	s.AcknowledgeDelivery(first)
	if n := outboxRows(t, s); n != 2 {
		t.Errorf("%d rows before anything is written, want 2", n)
	}
	third := publish()
	after := s.WriterStats()
	if n := outboxRows(t, s); n != 2 || after.Groups-before.Groups != 1 {
		t.Errorf("%d rows after %d groups, want 2 after 1", n, after.Groups-before.Groups)
	}
	// Of several operations of one group that delete, each takes what is left.
	s.AcknowledgeDelivery(second)
	ops := []*operation{s.outbox.deletion(), s.outbox.deletion()}
	submitAll(t, s, ops)
	for _, op := range ops {
		noError(t, <-op.done)
	}
	s.AcknowledgeDelivery(third)
	noError(t, s.flushAcks(t.Context()))
	if n := outboxRows(t, s); n != 0 || s.outbox.finished() {
		t.Errorf("%d rows are left, and finished is %v", n, s.outbox.finished())
	}
}

// What waits for a trigger goes to the script that the trigger has now.
func TestDeliveriesAreHeldWithTheScriptOfTheirTrigger(t *testing.T) {
	t.Parallel()
	f := newEventFixture(t, newTestStore(t))
	trigger := f.trigger(t, "all", TriggerKV, DataRule{Collection: "sensors"})
	f.deliver(t)
	other := must[Script](t)(f.CreateScript(t.Context(), f.app.ID, ScriptDraft{Name: "other", Source: "return 1"}))
	must[Trigger](t)(f.UpdateTrigger(t.Context(), trigger, TriggerChange{ScriptID: &other.ID}))
	for _, c := range []struct {
		script, want string
	}{{"handler", ""}, {"other", HeldScriptDisabled}} {
		for _, script := range []Script{f.script, other} {
			current := must[Script](t)(f.Script(t.Context(), script.ID))
			must[Script](t)(f.UpdateScript(t.Context(), current.ID, ScriptChange{Enabled: ptr(script.Name != c.script)}))
		}
		if held := must[Page[Delivery]](t)(f.Deliveries(t.Context(), f.app.ID, PageRequest{})).Items[0].Held; held != c.want {
			t.Errorf("with %s switched off it is held by %q, want %q", c.script, held, c.want)
		}
	}
}
