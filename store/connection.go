package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"

	"github.com/google/uuid"
	"modernc.org/sqlite"
)

// The driver sorts _pragma values, so that journal_mode given as one would
// come before page_size and make it ineffective; the _keys run in their right
// places. Without "file:" the driver drops psow. psow=0 pads a durable commit
// to a whole 4 KiB block, so that a later write cannot tear it.
const (
	writerOptions = "?psow=0&_busy_timeout=10000&_journal_mode=WAL&_synchronous=FULL&_txlock=immediate" +
		"&_pragma=page_size(4096)&_pragma=wal_autocheckpoint(0)" +
		"&_pragma=journal_size_limit(33554432)&_pragma=cache_size(-8000)&_pragma=temp_store(MEMORY)&_pragma=foreign_keys(1)"
	// creatorOptions make a new file. On an existing one, which keeps its mode,
	// SQLite would write page 1 again for _auto_vacuum at each start.
	creatorOptions = writerOptions + "&_auto_vacuum=INCREMENTAL"
	readerOptions  = "?_busy_timeout=10000&_query_only=1&_pragma=cache_size(-4000)&_pragma=temp_store(MEMORY)"
	// inspectOptions open a file that may be wrong: without the right to write
	// even SQLite's own closing checkpoint leaves it as it is.
	inspectOptions = "?mode=ro&_busy_timeout=10000&_query_only=1"
)

func dataSource(path, options string) string {
	return "file:" + (&url.URL{Path: path}).EscapedPath() + options
}

// rawConnection is what the driver's connection type, which has no name
// outside the driver, can do.
type rawConnection interface {
	driver.Conn
	driver.ConnPrepareContext
	sqlite.FileControl
}

// statement is what the driver's statement type can do.
type statement interface {
	driver.Stmt
	driver.StmtExecContext
	driver.StmtQueryContext
}

// connection is one SQLite connection with its prepared statements. It works
// below database/sql, which costs twice the allocations; one goroutine at a
// time may use it.
type connection struct {
	raw        rawConnection
	statements map[string]statement
	// scanned counts the rows for which a statement has called row_scanned. That
	// function always answers 1; SQLite itself counts no rows of an index.
	scanned int64
}

func openConnection(path, options string) (*connection, error) {
	c := &connection{statements: make(map[string]statement)}
	var own sqlite.Driver // a function registered with it belongs to this connection
	err := own.RegisterScalarFunction("row_scanned", 1, func(*sqlite.FunctionContext, []driver.Value) (driver.Value, error) {
		c.scanned++
		return int64(1), nil
	})
	if err != nil {
		return nil, err
	}
	opened, err := own.Open(dataSource(path, options))
	if err != nil {
		return nil, fmt.Errorf("opening the database: %w", err)
	}
	raw, ok := opened.(rawConnection)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the SQLite driver's %T lacks a method that store needs", opened), opened.Close())
	}
	c.raw = raw
	return c, nil
}

func (c *connection) close() error {
	var errs []error
	for _, s := range c.statements {
		errs = append(errs, s.Close())
	}
	return errors.Join(append(errs, c.raw.Close())...)
}

// prepared returns the statement of query, prepared once per connection.
// Queries are constants or made from few constant parts, so their number is small.
func (c *connection) prepared(query string) (statement, error) {
	if s, ok := c.statements[query]; ok {
		return s, nil
	}
	s, err := c.prepare(query)
	if err == nil {
		c.statements[query] = s
	}
	return s, err
}

func (c *connection) prepare(query string) (statement, error) {
	made, err := c.raw.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, fmt.Errorf("preparing %q: %w", query, err)
	}
	s, ok := made.(statement)
	if !ok {
		return nil, errors.Join(fmt.Errorf("the SQLite driver's %T lacks a method that store needs", made), made.Close())
	}
	return s, nil
}

// exec runs query and returns the number of changed rows.
func (c *connection) exec(query string, arguments ...any) (int64, error) {
	return c.execValues(query, bindAll(arguments))
}

func (c *connection) execValues(query string, values []driver.NamedValue) (int64, error) {
	s, err := c.prepared(query)
	if err != nil {
		return 0, err
	}
	result, err := s.ExecContext(context.Background(), values)
	if err != nil {
		return 0, err
	}
	return result.RowsAffected()
}

// query calls scan with each row. The row is scan's only until it returns; its
// strings and blobs are copies that scan may keep.
func (c *connection) query(ctx context.Context, scan func(row) error, query string, arguments ...any) (err error) {
	s, err := c.prepared(query)
	if err != nil {
		return err
	}
	return eachRow(ctx, s, scan, arguments)
}

// queryOnce is query for a statement that will hardly come again, as one made
// from a script's query: it is not kept.
func (c *connection) queryOnce(ctx context.Context, scan func(row) error, query string, arguments ...any) (err error) {
	s, err := c.prepare(query)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	return eachRow(ctx, s, scan, arguments)
}

func eachRow(ctx context.Context, s statement, scan func(row) error, arguments []any) (err error) {
	rows, err := s.QueryContext(ctx, bindAll(arguments))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values := make(row, len(rows.Columns()))
	for {
		if err := rows.Next(values); errors.Is(err, io.EOF) {
			return nil
		} else if err != nil {
			return err
		}
		if err := scan(values); err != nil {
			return err
		}
	}
}

// one returns the first row of query, errNoRow when there is none.
func (c *connection) one(ctx context.Context, query string, arguments ...any) (row, error) {
	var found row
	err := c.query(ctx, func(r row) error {
		if found == nil {
			found = append(found, r...)
		}
		return nil
	}, query, arguments...)
	if err == nil && found == nil {
		err = errNoRow
	}
	return found, err
}

func bindAll(arguments []any) []driver.NamedValue {
	values := make([]driver.NamedValue, len(arguments))
	for i, argument := range arguments {
		values[i] = driver.NamedValue{Ordinal: i + 1, Value: bindOne(argument)}
	}
	return values
}

// bindOne turns the types that store's rows are made of into what the driver takes.
func bindOne(argument any) driver.Value {
	switch v := argument.(type) {
	case uuid.UUID:
		return v[:]
	case *uuid.UUID:
		if v == nil {
			return nil
		}
		return v[:]
	case [32]byte:
		return v[:]
	case Time:
		return int64(v)
	case *Time:
		if v == nil {
			return nil
		}
		return int64(*v)
	case *int64:
		if v == nil {
			return nil
		}
		return *v
	case int:
		return int64(v)
	case bool:
		if v {
			return int64(1)
		}
		return int64(0)
	case Role:
		return string(v)
	case AppRole:
		return string(v)
	case ScriptKind:
		return string(v)
	case Access:
		return string(v)
	default:
		return argument
	}
}

// row is one result row. The tables are STRICT, so a column has the type that
// its reader expects or is NULL, which reads as the zero value.
type row []driver.Value

func (r row) integer(i int) int64 { v, _ := r[i].(int64); return v }
func (r row) text(i int) string   { v, _ := r[i].(string); return v }
func (r row) blob(i int) []byte   { v, _ := r[i].([]byte); return v }
func (r row) time(i int) Time     { return Time(r.integer(i)) }

func (r row) id(i int) (id uuid.UUID) {
	copy(id[:], r.blob(i))
	return id
}

func (r row) optionalID(i int) *uuid.UUID {
	if r[i] == nil {
		return nil
	}
	id := r.id(i)
	return &id
}

func (r row) optionalInteger(i int) *int64 {
	if v, ok := r[i].(int64); ok {
		return &v
	}
	return nil
}

func (r row) optionalTime(i int) *Time {
	if v, ok := r[i].(int64); ok {
		at := Time(v)
		return &at
	}
	return nil
}
