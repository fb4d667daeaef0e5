package store

import (
	"context"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
)

// What a watch holds for a reader that is slower than the runs.
const (
	watchedRows  = 256
	watchedBytes = 512 << 10
)

// What ExecutionsAfter looks at that began before its moment: a run is recorded
// when it ends.
const (
	lookBack     = 6 * time.Minute // longer than any run may take, its wait included
	lookBackRows = 2000
	// endSlack is how far apart the order of ends and of records may be.
	endSlack = time.Second
)

// executionWatches are those who look on, replaced as a whole so that a run
// finds out with one load that nobody does.
type executionWatches struct {
	mutex   sync.Mutex // of a change
	current atomic.Pointer[[]*ExecutionWatch]
}

func (w *executionWatches) offer(e *Execution, bytes int) {
	watches := w.current.Load()
	if watches == nil {
		return
	}
	for _, watch := range *watches {
		if watch.wants(e) {
			watch.push(bufferedExecution{e, bytes})
		}
	}
}

// change puts another list in the place of the current one.
func (w *executionWatches) change(next func([]*ExecutionWatch) []*ExecutionWatch) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	var list []*ExecutionWatch
	if current := w.current.Load(); current != nil {
		list = slices.Clone(*current)
	}
	if list = next(list); len(list) == 0 {
		w.current.Store(nil)
		return
	}
	w.current.Store(&list)
}

// ExecutionWatch is one reader's look at an app's executions, as they are
// recorded and before they are in the database. It belongs to one goroutine,
// which closes it.
type ExecutionWatch struct {
	log    *executionLog
	filter ExecutionFilter
	ready  chan struct{}

	mutex   sync.Mutex
	queue   executionQueue
	bytes   int
	dropped int
}

// WatchExecutions begins to look at the records of filter's app, and script and
// status if they are set; the rest of the filter is for ExecutionFilter.Matches.
func (s *Store) WatchExecutions(filter ExecutionFilter) *ExecutionWatch {
	w := &ExecutionWatch{log: &s.log, filter: filter, ready: make(chan struct{}, 1)}
	s.log.watches.change(func(list []*ExecutionWatch) []*ExecutionWatch { return append(list, w) })
	return w
}

// Close ends the watch.
func (w *ExecutionWatch) Close() {
	w.log.watches.change(func(list []*ExecutionWatch) []*ExecutionWatch {
		return slices.DeleteFunc(list, func(other *ExecutionWatch) bool { return other == w })
	})
}

// wants is the part of the filter that costs a run next to nothing.
func (w *ExecutionWatch) wants(e *Execution) bool {
	return e.AppID == w.filter.App && (w.filter.Script == uuid.Nil || e.ScriptID == w.filter.Script) &&
		(w.filter.Status == "" || e.Status == w.filter.Status)
}

// push never blocks: past its bounds the queue loses its oldest records.
func (w *ExecutionWatch) push(e bufferedExecution) {
	w.mutex.Lock()
	w.queue.push(e)
	w.bytes += e.bytes
	for w.queue.len() > watchedRows || w.bytes > watchedBytes && w.queue.len() > 1 {
		w.bytes -= w.queue.pop().bytes
		w.dropped++
	}
	w.mutex.Unlock()
	select {
	case w.ready <- struct{}{}:
	default:
	}
}

// Ready has something when Next may.
func (w *ExecutionWatch) Ready() <-chan struct{} { return w.ready }

// Next takes the oldest record of the queue, nil when it is empty, and says how
// many before it were lost. What the record points to is shared and must not be
// changed.
func (w *ExecutionWatch) Next() (e *Execution, dropped int) {
	w.mutex.Lock()
	defer w.mutex.Unlock()
	dropped, w.dropped = w.dropped, 0
	if w.queue.len() == 0 {
		return nil, dropped
	}
	taken := w.queue.pop()
	w.bytes -= taken.bytes
	return taken.execution.withLists(), dropped
}

// withLists is a record as the log gives it back: JSON shows its lists as lists
// when they are empty.
func (x *Execution) withLists() *Execution {
	shown := *x
	if shown.Logs == nil {
		shown.Logs = []LogLine{}
	}
	if r := x.Request; r != nil && r.Headers == nil {
		request := *r
		request.Headers, shown.Request = []HeaderField{}, &request
	}
	if r := x.Response; r != nil && r.Headers == nil {
		response := *r
		response.Headers, shown.Response = []HeaderField{}, &response
	}
	return &shown
}

// Matches reports whether a record fits the filter.
func (f ExecutionFilter) Matches(x *Execution) bool {
	return (f.App == uuid.Nil || x.AppID == f.App) && (f.Script == uuid.Nil || x.ScriptID == f.Script) &&
		(f.Status == "" || x.Status == f.Status) &&
		(f.Since == nil || x.StartedAt >= *f.Since) && (f.Until == nil || x.StartedAt <= *f.Until) &&
		(f.Text == "" || matchesText(x, strings.ToLower(f.Text)))
}

// EndedAt is when a run ended.
func (x *Execution) EndedAt() Time { return x.StartedAt + Time(x.DurationMS) }

// ExecutionsAfter calls each with every stored record of the filter that was
// made after the execution of that id, or after the moment in the id when there
// is no such one: in the order of their starts, also runs that began before and
// ended after. Around the moment a record may come that was made just before.
// No connection is held while each runs; its error ends the walk.
func (s *Store) ExecutionsAfter(ctx context.Context, filter ExecutionFilter, id uuid.UUID, each func(*Execution) error) error {
	key, _, ok := splitID(id)
	if !ok {
		return Errorf(KindInvalid, "invalid", "%s is not the id of an execution", id)
	}
	ended := keyTime(key)
	last, err := s.Execution(ctx, id)
	switch {
	case err == nil && last.AppID == filter.App:
		ended = last.EndedAt()
	case err != nil && KindOf(err) != KindNotFound:
		return err
	}
	walk := &executionWalk{filter: filter, after: ended - Time(endSlack.Milliseconds())}
	if walk.key, err = s.lookBackFrom(ctx, ended); err != nil {
		return err
	}
	for more := true; more; {
		var page []Execution
		if page, more, err = s.walkPage(ctx, walk); err != nil {
			return err
		}
		for i := range page {
			if err := each(&page[i]); err != nil {
				return err
			}
		}
	}
	return nil
}

// lookBackFrom returns the key after which a walk begins that wants what ended
// after a moment.
func (s *Store) lookBackFrom(ctx context.Context, moment Time) (int64, error) {
	key := firstKeyAt(moment)
	return readValue(ctx, s, func(t *transaction) (int64, error) {
		return t.count("SELECT coalesce(min(key), ?2) - 1 FROM (SELECT key FROM executions WHERE key > ?1 AND key < ?2 ORDER BY key DESC LIMIT ?3)",
			firstKeyAt(moment-Time(lookBack.Milliseconds())), key, lookBackRows)
	})
}

// executionWalk goes forward through the log.
type executionWalk struct {
	filter ExecutionFilter
	key    int64 // the walk goes on above it
	after  Time  // only what ended later
}

// walkPage returns the next records that the walk wants.
func (s *Store) walkPage(ctx context.Context, walk *executionWalk) (found []Execution, more bool, err error) {
	search := &executionSearch{}
	if err := search.narrow(walk.filter); err != nil {
		return nil, false, err
	}
	found, err = readValue(ctx, s, func(t *transaction) ([]Execution, error) {
		arguments := append(append([]any{walk.key}, search.arguments...), maxPageLimit)
		headers, err := collect(t, scanExecution, selectExecutions+"key > ?"+search.where+" ORDER BY key LIMIT ?", arguments...)
		if err != nil {
			return nil, err
		}
		details, page := detailReader{t: t}, []Execution{}
		for _, h := range headers {
			if more = details.unpacked > searchBytes; more {
				return page, nil
			}
			walk.key = h.key
			x, err := details.complete(h)
			if err != nil {
				return nil, err
			}
			if x.EndedAt() > walk.after && walk.filter.Matches(&x) {
				page = append(page, x)
			}
		}
		more = len(headers) == maxPageLimit
		return page, nil
	})
	return found, more, err
}
