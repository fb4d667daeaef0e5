package store

import (
	"context"
	"sync"

	"github.com/google/uuid"
)

const (
	// documentReaders bounds how many queries read at once, so that slow ones
	// leave a reading connection to everybody else.
	documentReaders = readConnections - 1
	// appReaders bounds those of one app, so that they leave one to other apps.
	appReaders = documentReaders - 1
)

// querySlots says when a query of documents may read.
type querySlots struct {
	all   chan struct{} // held by each query that reads
	mutex sync.Mutex
	apps  map[uuid.UUID]*appQueries // those with queries
}

// appQueries are one app's queries that read or wait.
type appQueries struct {
	reading chan struct{}
	count   int
}

func newQuerySlots() *querySlots {
	return &querySlots{all: make(chan struct{}, documentReaders), apps: make(map[uuid.UUID]*appQueries)}
}

// enter waits until a query of the app may read; leave is called when it has.
func (q *querySlots) enter(ctx context.Context, app uuid.UUID) (leave func(), err error) {
	own := q.join(app)
	select {
	case own.reading <- struct{}{}:
	case <-ctx.Done():
		q.part(app)
		return nil, ctx.Err()
	}
	leaveOwn := func() {
		<-own.reading
		q.part(app)
	}
	select {
	case q.all <- struct{}{}:
		return func() { <-q.all; leaveOwn() }, nil
	case <-ctx.Done():
		leaveOwn()
		return nil, ctx.Err()
	}
}

func (q *querySlots) join(app uuid.UUID) *appQueries {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	own := q.apps[app]
	if own == nil {
		own = &appQueries{reading: make(chan struct{}, appReaders)}
		q.apps[app] = own
	}
	own.count++
	return own
}

func (q *querySlots) part(app uuid.UUID) {
	q.mutex.Lock()
	defer q.mutex.Unlock()
	if q.apps[app].count--; q.apps[app].count == 0 {
		delete(q.apps, app)
	}
}
