package scheduler

import "github.com/google/uuid"

// laneKey is what deliveries share an order by: a trigger, or the script of an
// asynchronous route.
type laneKey struct{ trigger, script uuid.UUID }

// lane is the deliveries of one key, in the order of their commits.
type lane struct {
	key     laneKey
	app     *appTurn
	items   []*item
	ordered bool // one at a time, and a failed one keeps its place
	held    bool // nothing runs; see Catalog.Held
	blocked bool // ordered, and the first waits to be tried again
	running int
	listed  bool // in app.lanes
}

// appTurn is one app's place in the round.
type appTurn struct {
	lanes   []*lane // with something to run; the first is next
	running int
	listed  bool // in queue.turns
}

func (l *lane) runnable() bool {
	return len(l.items) > 0 && !l.held && !l.blocked && !(l.ordered && l.running > 0)
}
