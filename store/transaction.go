package store

import (
	"context"
	"errors"
)

// transaction is what the lower-case methods work on: the writer's open
// transaction, or a reader's snapshot.
type transaction struct {
	*connection
	ctx context.Context
	// at is the one time that everything in the transaction happens at.
	at Time
	// durable says that the commit is synced before it is acknowledged.
	durable bool
	// target and details are what the running operation tells the audit.
	target  Target
	details map[string]any
	effects
}

// effects are what a transaction leads to outside the database once it is
// committed; a failing operation takes back its own.
type effects struct {
	// wrote says that something was changed, changedCatalog that it was an app,
	// a script, a route, a trigger or a grant.
	wrote, changedCatalog bool
	// unsynced says that a durable operation found what it wants already stored
	// by a relaxed one, which a power cut could still take.
	unsynced bool
	// published is what changed in key-value entries and documents, in order.
	published  []publication
	deliveries []PendingDelivery // new rows of the outbox
	acked      int               // how many finished ones are deleted
	// collection is the one that was looked up last, by its name: operations of
	// one group are often about the same.
	collection     collection
	collectionName collectionName
	// weight is about how much of the card the statements have touched, in bytes.
	weight int64
}

// exec changes rows and returns how many.
func (t *transaction) exec(query string, arguments ...any) (int64, error) {
	t.wrote = true
	t.weight += weightOf(arguments)
	return t.connection.exec(query, arguments...)
}

// weightOf reckons with one block for what a statement finds and one more for
// each block's worth of what it stores.
func weightOf(arguments []any) int64 {
	bytes := cardBlock
	for _, argument := range arguments {
		switch v := argument.(type) {
		case string:
			bytes += len(v)
		case []byte:
			bytes += len(v)
		}
	}
	return int64(bytes)
}

// run executes a statement that is made once and not kept, as one that changes
// the schema.
func (t *transaction) run(statement string) error {
	return t.queryOnce(t.ctx, func(row) error { return nil }, statement)
}

func (t *transaction) each(scan func(row) error, query string, arguments ...any) error {
	return t.query(t.ctx, scan, query, arguments...)
}

func (t *transaction) first(query string, arguments ...any) (row, error) {
	return t.one(t.ctx, query, arguments...)
}

// count returns the integer that query selects.
func (t *transaction) count(query string, arguments ...any) (int64, error) {
	r, err := t.first(query, arguments...)
	if err != nil {
		return 0, err
	}
	return r.integer(0), nil
}

// readerPool hands out the reading connections.
type readerPool struct{ idle chan *connection }

func openReaders(path string, count int) (*readerPool, error) {
	pool := &readerPool{idle: make(chan *connection, count)}
	for range count {
		c, err := openConnection(path, readerOptions)
		if err != nil {
			return nil, errors.Join(err, pool.close(len(pool.idle)))
		}
		pool.idle <- c
	}
	return pool, nil
}

// close waits for count connections to come back and closes them.
func (p *readerPool) close(count int) error {
	var errs []error
	for range count {
		errs = append(errs, (<-p.idle).close())
	}
	return errors.Join(errs...)
}

// read runs fn on one snapshot of the database. fn must be short and may not
// wait for anything but the disk: an open snapshot keeps the WAL from being reused.
func (s *Store) read(ctx context.Context, fn func(*transaction) error) error {
	if s.closed.Load() {
		return closedError()
	}
	select {
	case c := <-s.readers.idle:
		defer func() { s.readers.idle <- c }()
		return readWith(ctx, c, s.now(), fn)
	case <-ctx.Done():
		return ctx.Err()
	}
}

func readWith(ctx context.Context, c *connection, at Time, fn func(*transaction) error) (err error) {
	if _, err := c.exec("BEGIN"); err != nil {
		return visible(err)
	}
	defer func() {
		if _, end := c.exec("ROLLBACK"); end != nil {
			err = errors.Join(err, visible(end))
		}
	}()
	err = fn(&transaction{connection: c, ctx: ctx, at: at})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return visible(err)
}

// readValue is read for a function with a result.
func readValue[T any](ctx context.Context, s *Store, fn func(*transaction) (T, error)) (T, error) {
	var value T
	err := s.read(ctx, func(t *transaction) (err error) {
		value, err = fn(t)
		return err
	})
	return value, err
}
