package store

import (
	"context"
	"fmt"
	"maps"
	"math/bits"
	"slices"
	"sync"

	"github.com/google/uuid"
)

const (
	// recentRuns is how many runs of a script its recent figures are about.
	recentRuns = 64
	// recentRows is how many of the log's newest records are read once for them.
	recentRows = 100_000
	// recentPaces is how many answers of a route its pace is about, and leastPaces
	// how many it takes to say something.
	recentPaces = 64
	leastPaces  = 20
)

// RecentRuns is what lists say about the last 64 runs of a script, or of each
// script of an app. Requests that were turned away are none.
type RecentRuns struct {
	LastRunAt  *Time           `json:"last_run_at"`
	LastStatus ExecutionStatus `json:"last_status,omitempty"`
	Runs       int             `json:"runs"`     // up to 64 of each script
	Failures   int             `json:"failures"` // of these
}

// And is both together.
func (r RecentRuns) And(other RecentRuns) RecentRuns {
	if r.LastRunAt == nil || other.LastRunAt != nil && *other.LastRunAt > *r.LastRunAt {
		r.LastRunAt, r.LastStatus = other.LastRunAt, other.LastStatus
	}
	r.Runs += other.Runs
	r.Failures += other.Failures
	return r
}

// runTrail is the last runs of a script, the newest in the lowest bit.
type runTrail struct {
	last   Time
	status ExecutionStatus
	failed uint64
	runs   int
}

func (t *runTrail) add(at Time, status ExecutionStatus) {
	if at >= t.last {
		t.last, t.status = at, status
	}
	t.runs = min(t.runs+1, recentRuns)
	t.failed <<= 1
	if status != StatusSuccess {
		t.failed |= 1
	}
}

func (t *runTrail) read() RecentRuns {
	at := t.last
	return RecentRuns{LastRunAt: &at, LastStatus: t.status, Runs: t.runs, Failures: bits.OnesCount64(t.failed)}
}

// paceTrail is how long the last answers of a route took, in milliseconds.
type paceTrail struct {
	took  [recentPaces]float64
	count int // so far
}

func (t *paceTrail) add(took float64) {
	t.took[t.count%recentPaces] = took
	t.count++
}

// highest is what 95 of 100 answers take at most.
func (t *paceTrail) highest() (ms float64, known bool) {
	if t.count < leastPaces {
		return 0, false
	}
	sorted := slices.Clone(t.took[:min(t.count, recentPaces)])
	slices.Sort(sorted)
	return sorted[(len(sorted)*95+99)/100-1], true
}

// recent is the figures of the last runs. The flush of the log keeps them, so
// that neither a run nor a row of a list costs a look into the database.
type recent struct {
	mutex   sync.Mutex
	scripts map[uuid.UUID]*runTrail // nil until somebody asks
	routes  map[uuid.UUID]*paceTrail
}

func (r *recent) addRows(rows []flushRow) {
	r.mutex.Lock()
	defer r.mutex.Unlock()
	for i := range rows {
		e := rows[i].execution
		if e.Status == StatusRejected {
			continue
		}
		if r.scripts != nil {
			add(r.scripts, e.ScriptID).add(e.StartedAt, e.Status)
		}
		if e.RouteID != uuid.Nil {
			if r.routes == nil {
				r.routes = make(map[uuid.UUID]*paceTrail)
			}
			add(r.routes, e.RouteID).add(e.DurationMS)
		}
	}
}

// add returns the value of a key, a new one when there is none.
func add[T any](all map[uuid.UUID]*T, key uuid.UUID) *T {
	if all[key] == nil {
		all[key] = new(T)
	}
	return all[key]
}

// forget drops what is about things that are no more.
func (r *recent) forget(catalog *Catalog) {
	maps.DeleteFunc(r.scripts, func(script uuid.UUID, _ *runTrail) bool { return catalog.Scripts[script] == nil })
	if len(r.routes) > len(catalog.Routes) {
		there := make(map[uuid.UUID]bool, len(catalog.Routes))
		for _, route := range catalog.Routes {
			there[route.ID] = true
		}
		maps.DeleteFunc(r.routes, func(route uuid.UUID, _ *paceTrail) bool { return !there[route] })
	}
}

// RecentRuns returns a copy of the figures of all scripts that have run. Those
// of the last two seconds may be missing.
func (s *Store) RecentRuns(ctx context.Context) (map[uuid.UUID]RecentRuns, error) {
	if err := s.readRecent(ctx); err != nil {
		return nil, fmt.Errorf("reading the newest executions: %w", err)
	}
	r := &s.log.recent
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.forget(s.Catalog())
	all := make(map[uuid.UUID]RecentRuns, len(r.scripts))
	for script, trail := range r.scripts {
		all[script] = trail.read()
	}
	return all, nil
}

// RoutePaces returns, in milliseconds, what 95 of 100 answers of each route took
// at most: of its last 64 since the start, and only if there were 20.
func (s *Store) RoutePaces() map[uuid.UUID]float64 {
	r := &s.log.recent
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.forget(s.Catalog())
	paces := make(map[uuid.UUID]float64, len(r.routes))
	for route, trail := range r.routes {
		if ms, known := trail.highest(); known {
			paces[route] = ms
		}
	}
	return paces
}

// readRecent reads the figures once; flushes keep them. It holds the flush's
// turn, so that no run is counted twice or not at all.
func (s *Store) readRecent(ctx context.Context) error {
	r := &s.log.recent
	select {
	case s.log.turn <- struct{}{}:
		defer func() { <-s.log.turn }()
	case <-ctx.Done():
		return ctx.Err()
	}
	r.mutex.Lock()
	known := r.scripts != nil
	r.mutex.Unlock()
	if known {
		return nil
	}
	scripts := make(map[uuid.UUID]*runTrail)
	err := s.read(ctx, func(t *transaction) error {
		return t.each(func(row row) error {
			status := statusOf(row.integer(2))
			if script := row.id(0); status != StatusRejected {
				add(scripts, script).add(keyTime(row.integer(1))+Time(row.integer(3)), status)
			}
			return nil
		}, "SELECT script_id, key, status, start_offset FROM (SELECT * FROM executions ORDER BY key DESC LIMIT ?)"+
			" JOIN execution_sources ON number = source ORDER BY key", recentRows)
	})
	if err != nil {
		return err
	}
	r.mutex.Lock()
	defer r.mutex.Unlock()
	r.scripts = scripts
	return nil
}
