package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/scheduler"
	"picloud/store"
)

// wholeRunFigures counts what runs cost the card that each make one write
// among 20,000 entries and leave one log row. Every fifth publishes a message
// too: its delivery is put into the outbox, run by the dispatcher, which leaves
// a log row of its own, and taken out again.
func wholeRunFigures(t *testing.T) []figure {
	var figures []figure
	for _, load := range []struct {
		durable     bool
		rate, total int
		megabytes   float64
		flushes     int64
	}{{false, 10, 1000, 10.5, 360}, {true, 10, 1000, 16, 1550}, {false, 500, 10_000, 6.5, 150}} {
		kind := "relaxed"
		if load.durable {
			kind = "durable"
		}
		source := fmt.Sprintf(`kv.collection("readings"):set("sensor-" .. math.random(20000), {temp = 21.5, run = ctx.execution_id, note = "%060d"}, {durable = %t})
if math.random(5) == 1 then topics.publish("readings", {n = 1}) end`, 0, load.durable)
		figures = append(figures, runFigures(t, runLoad{
			what: "with one " + kind + " kv write, 20 % outbox and a log row", rate: load.rate, total: load.total, megabytes: load.megabytes, flushes: load.flushes,
			fill: fillKV,
		}, func(b *bench) *store.Script {
			b.listen("readings")
			b.dispatch()
			return b.script("write", source, store.Limits{})
		})...)
	}
	return figures
}

// fillKV makes 20,000 entries, as long as what the runs put in their place: a
// value that grows makes its page grow and split, which is not what is counted.
func fillKV(b *bench) {
	b.t.Helper()
	for n := range 20_000 {
		key := store.KVKey{App: b.app.ID, Collection: "readings", Key: "sensor-" + strconv.Itoa(n+1)}
		value := fmt.Sprintf(`{"note":"%060d","run":"01890a5d-ac96-774b-bcce-%012d","temp":21.5}`, 0, n)
		if _, err := b.store.SetKV(context.Background(), key, store.KVWrite{Value: json.RawMessage(value), Relaxed: true}); err != nil {
			b.t.Fatal(err)
		}
	}
}

// listen makes an empty script that runs on each message of the topic.
func (b *bench) listen(topic string) {
	b.t.Helper()
	ctx := context.Background()
	user, err := b.store.CreateFirstOwner(ctx, "ada", "hash")
	if err != nil {
		b.t.Fatal(err)
	}
	script := b.script("empty", "return nil", store.Limits{})
	if _, err := b.store.CreateTrigger(ctx, topicTrigger(script, user.ID, topic)); err != nil {
		b.t.Fatal(err)
	}
}

// dispatch runs deliveries until the bench closes, which checks that there were
// any and that none is left.
func (b *bench) dispatch() {
	b.t.Helper()
	ctx := context.Background()
	var ran atomic.Int64
	s := scheduler.New(scheduler.Config{Store: b.store, Logger: slog.New(slog.DiscardHandler), Workers: b.engine.BackgroundSlots(),
		Run: func(ctx context.Context, invocation *runtime.Invocation) *runtime.Result {
			result := b.engine.Run(ctx, invocation)
			if result.Err != nil {
				b.t.Errorf("%s: %+v", invocation.Script.Name, result.Err)
			}
			ran.Add(1)
			return result
		}})
	if err := s.Start(ctx); err != nil {
		b.t.Fatal(err)
	}
	closeStore := b.close
	b.close = sync.OnceFunc(func() {
		if err := s.Stop(ctx); err != nil {
			b.t.Error(err)
		}
		if left := b.pending(); left > 0 || ran.Load() == 0 {
			b.t.Errorf("%d deliveries ran, and at least %d are left", ran.Load(), left)
		}
		b.t.Logf("%d deliveries ran", ran.Load())
		closeStore()
	})
	b.t.Cleanup(b.close)
}

// pending is how many deliveries of the bench's app are not done, at most a page.
func (b *bench) pending() int {
	b.t.Helper()
	page, err := b.store.Deliveries(context.Background(), b.app.ID, store.PageRequest{})
	if err != nil {
		b.t.Fatal(err)
	}
	return len(page.Items)
}

// flush waits until every delivery has run and the execution log is in the
// database. A run at the given rate never leaves more than a few to wait for.
func (b *bench) flush() {
	b.t.Helper()
	for deadline := time.Now().Add(20 * time.Second); b.pending() > 0; {
		if time.Now().After(deadline) {
			b.t.Fatal("deliveries are still pending")
		}
	}
	if err := b.store.FlushExecutions(context.Background()); err != nil {
		b.t.Fatal(err)
	}
}
