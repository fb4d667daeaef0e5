package scheduler

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/store"
)

const (
	orderedEnvironment = "PICLOUD_TEST_ORDERED" // "first end dir": what a child is to publish, and where
	orderedTriggers    = 50
	orderedAttempts    = 3
)

// orderedScript fails always, fails at first, gives up at once, or is content,
// by the event's number.
const orderedScript = `local n = ctx.event.payload.n
	if n % 20 == 7 then error("always") end
	if n % 20 == 13 then return {fail = "no use"} end
	if n % 5 == 1 and ctx.event.attempt == 1 then error("at first") end`

func orderedIsBuried(n int) bool { return n%20 == 7 || n%20 == 13 }

// TestOrderedEventsOfAKilledProcess has 50 ordered triggers hear the same
// events in processes that are killed one after the other. No event may start
// before its elder is finished or a dead letter. What was finished within the
// last second before a kill may run again, in its order. 20 events for each
// trigger, 1,000 with PICLOUD_TEST_LONG.
func TestOrderedEventsOfAKilledProcess(t *testing.T) {
	if value := os.Getenv(orderedEnvironment); value != "" {
		runOrderedUntilKilled(t, value)
	}
	t.Parallel()
	share, kills := 4, 5
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		share, kills = 50, 20
	}
	r, dir := &orderRecord{t: t, lanes: map[string]*orderedLane{}}, t.TempDir()
	for life := range kills {
		r.killChild(dir, life*share, (life+1)*share)
	}
	h := openHouse(t, dir)
	lines := make(chan string, 1<<16)
	h.recordRuns(func(line string) { lines <- line })
	h.start(context.Background())
	h.until("the end of all rows", func() bool { h.clock.Advance(time.Millisecond); return len(h.pending()) == 0 })
	for len(lines) > 0 {
		r.take(<-lines)
	}
	r.checkEnd(h, kills*share)
	t.Logf("%d triggers, %d events each, %d kills: %d starts, %d of them of finished events, %d failed attempts, %d runs killed",
		len(r.lanes), kills*share, kills, r.starts, r.repeats, r.failures, r.killed)
}

// runOrderedUntilKilled is the child: it publishes its share while the
// triggers run, and tells each start and end of a run through its fourth file.
func runOrderedUntilKilled(t *testing.T, value string) {
	var first, end int
	var dir string
	if _, err := fmt.Sscanf(value, "%d %d %s", &first, &end, &dir); err != nil {
		t.Fatal(err)
	}
	h := openHouse(t, dir)
	for i := range orderedTriggers {
		if first > 0 {
			break // they are there
		}
		h.trigger(fmt.Sprintf("key-%02d", i), orderedScript, func(d *store.TriggerDraft) {
			d.Ordered, d.Topic = true, &store.TopicRule{Filter: "all/#"}
			d.Retry = store.RetryPolicy{MaxAttempts: orderedAttempts, Backoff: store.BackoffConstant, BaseMS: 1, MaxMS: 1}
		})
	}
	pipe := os.NewFile(3, "record")
	record := func(line string) {
		if _, err := io.WriteString(pipe, line+"\n"); err != nil {
			panic(err)
		}
	}
	h.recordRuns(record)
	h.start(context.Background())
	for n := first; n < end; n++ {
		h.publish("all", `{"n":`+strconv.Itoa(n)+`}`)
	}
	record("published")
	for { // the fake clock moves on by itself
		<-time.After(time.Millisecond)
		h.clock.Advance(time.Millisecond)
	}
}

// recordRuns tells the start and the end of each run, the end before the
// dispatcher hears of it.
func (h *house) recordRuns(record func(line string)) {
	run := func(invocation *runtime.Invocation) *runtime.Result {
		var data struct {
			Payload struct{ N int }
		}
		if err := json.Unmarshal(invocation.Event.Data, &data); err != nil {
			panic(err)
		}
		event := fmt.Sprintf(" %s %d", invocation.Event.TriggerName, data.Payload.N)
		record("start" + event)
		result := h.engine.Run(context.Background(), invocation)
		switch {
		case result.Steering.Fail != "", result.Err != nil && invocation.Event.Attempt >= orderedAttempts:
			record("buried" + event)
		case result.Err != nil:
			record("failed" + event)
		default:
			record("done" + event)
		}
		return result
	}
	h.before.Store(&run)
}

// orderedLane is what one trigger's runs have shown.
type orderedLane struct {
	next    int          // the oldest event that is not finished
	floor   int          // one more than the last event that this process has finished
	current int          // the event that started last
	running bool         // it has not ended
	burying int          // the event that is to become a dead letter before another starts, or -1
	letters map[int]bool // the events whose dead letter is written
	crashes map[int]int  // how many kills an event was running at
}

type orderRecord struct {
	t                                 *testing.T
	lanes                             map[string]*orderedLane
	published                         bool // the child has published its share
	done                              int  // events of all lanes
	starts, repeats, failures, killed int
}

// killChild runs a child on dir and kills it when about half of its share, and
// all that was before, is done.
func (r *orderRecord) killChild(dir string, first, end int) {
	r.t.Helper()
	read, write, err := os.Pipe()
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = read.Close() }()
	said := &lockedBuffer{}
	command := exec.Command(os.Args[0], "-test.run=^TestOrderedEventsOfAKilledProcess$", "-test.timeout=10m")
	command.Env = append(os.Environ(), fmt.Sprintf("%s=%d %d %s", orderedEnvironment, first, end, dir))
	command.Stdout, command.Stderr, command.ExtraFiles = said, said, []*os.File{write}
	if err := command.Start(); err != nil {
		r.t.Fatal(err)
	}
	stop := func() {
		_ = command.Process.Kill()
		_ = command.Wait() // it was killed
	}
	defer stop() // also when the record is wrong
	_ = write.Close()
	killed, lines := false, bufio.NewScanner(read)
	for lines.Scan() {
		r.take(lines.Text())
		if !killed && r.published && r.done >= orderedTriggers*(first+end)/2 {
			killed = true
			_ = command.Process.Kill()
		}
	}
	stop()
	if !killed || strings.Contains(said.String(), "DATA RACE") {
		r.t.Fatalf("the child ended with %d events done and said:\n%s", r.done, said)
	}
	r.restart()
}

// restart notes that the process is another one.
func (r *orderRecord) restart() {
	r.published = false
	for _, l := range r.lanes {
		if l.running {
			l.running = false
			l.crashes[l.current]++
			r.killed++
		}
		l.floor, l.burying = 0, -1
	}
}

func (r *orderRecord) take(line string) {
	r.t.Helper()
	if line == "published" {
		r.published = true
		return
	}
	var what, name string
	var n int
	if _, err := fmt.Sscan(line, &what, &name, &n); err != nil {
		r.t.Fatalf("the record %q: %v", line, err)
	}
	l := r.lanes[name]
	if l == nil {
		l = &orderedLane{burying: -1, letters: map[int]bool{}, crashes: map[int]int{}}
		r.lanes[name] = l
	}
	if what == "start" {
		r.start(l, name, n)
		return
	}
	if !l.running || n != l.current {
		r.t.Fatalf("%s: event %d has ended, which does not run", name, n)
	}
	l.running = false
	switch what {
	case "failed":
		r.failures++
		return
	case "buried":
		r.failures++
		l.burying = n
	}
	l.floor = n + 1
	r.finish(l, n)
}

func (r *orderRecord) finish(l *orderedLane, n int) {
	if n == l.next {
		l.next++
		r.done++
	}
}

func (r *orderRecord) start(l *orderedLane, name string, n int) {
	r.t.Helper()
	if l.burying >= 0 {
		l.letters[l.burying] = true
		l.burying = -1
	}
	if n == l.next+1 && l.crashes[l.next] >= store.MaxCrashes {
		r.finish(l, l.next) // a dead letter, as what crashes the host
	}
	switch {
	case l.running:
		r.t.Fatalf("%s: event %d starts while %d runs", name, n, l.current)
	case n > l.next:
		r.t.Fatalf("%s: event %d starts before %d is finished", name, n, l.next)
	case n < l.floor:
		r.t.Fatalf("%s: event %d starts again after %d", name, n, l.floor-1)
	case l.letters[n]:
		r.t.Fatalf("%s: event %d starts again, and is a dead letter", name, n)
	}
	l.current = n
	r.starts++
	if n < l.next {
		r.repeats++
	}
	l.running = true
}

// checkEnd checks that all lanes have come to their end, and that exactly the
// events that could not succeed are dead letters.
func (r *orderRecord) checkEnd(h *house, events int) {
	r.t.Helper()
	if len(r.lanes) != orderedTriggers || r.done != orderedTriggers*events {
		r.t.Errorf("%d lanes have finished %d events", len(r.lanes), r.done)
	}
	buried := map[string]int{}
	for request := (store.PageRequest{Limit: 200}); ; {
		page, err := h.store.DeadLetters(context.Background(), h.app.ID, nil, request)
		h.check(err)
		for _, letter := range page.Items {
			var data struct {
				Payload struct{ N int }
			}
			h.check(json.Unmarshal(letter.Event.Data, &data))
			buried[fmt.Sprint(*letter.TriggerID, data.Payload.N)]++
			if !orderedIsBuried(data.Payload.N) && !strings.Contains(letter.Error, "crashed the host") {
				r.t.Errorf("event %d is a dead letter: %s", data.Payload.N, letter.Error)
			}
		}
		if request.Cursor = page.NextCursor; request.Cursor == "" {
			break
		}
	}
	for id := range h.store.Catalog().Triggers {
		for n := range events {
			if got := buried[fmt.Sprint(id, n)]; got > 1 || orderedIsBuried(n) && got != 1 {
				r.t.Errorf("event %d of trigger %s has %d dead letters", n, id, got)
			}
		}
	}
}
