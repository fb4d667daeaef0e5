package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/google/uuid"
)

// ExecutionFilter: App or Script (or both) set; Text searches message, log lines,
// path, query, bodies and error without case.
type ExecutionFilter struct {
	App, Script  uuid.UUID
	Status       ExecutionStatus
	Since, Until *Time // both inclusive, of the start
	Text         string
}

// What one page may look at when it searches for text; what is left is the
// next page's, which the cursor begins.
const (
	searchRows  = 2000
	searchBytes = 8 << 20 // unpacked
)

const selectExecutions = "SELECT key, batch, status, start_offset," +
	" (SELECT script_id FROM execution_sources WHERE number = source)," +
	" (SELECT app_id FROM execution_sources WHERE number = source) FROM executions WHERE "

// executionHeader is a row of executions, which the record in its batch completes.
type executionHeader struct {
	key, batch  int64
	status      ExecutionStatus
	startedAt   Time
	script, app uuid.UUID
}

func scanExecution(r row) (executionHeader, error) {
	key := r.integer(0)
	return executionHeader{key: key, batch: r.integer(1), status: statusOf(r.integer(2)),
		startedAt: keyTime(key) + Time(r.integer(3)), script: r.id(4), app: r.id(5)}, nil
}

// Execution returns one record.
func (s *Store) Execution(ctx context.Context, id uuid.UUID) (Execution, error) {
	key, _, ok := splitID(id)
	if !ok {
		return Execution{}, noSuch("execution")
	}
	return readValue(ctx, s, func(t *transaction) (Execution, error) {
		headers, err := collect(t, scanExecution, selectExecutions+"key = ?", key)
		if err != nil {
			return Execution{}, err
		}
		if len(headers) == 0 {
			return Execution{}, noSuch("execution")
		}
		details := detailReader{t: t}
		x, err := details.complete(headers[0])
		if err == nil && x.ID != id { // the key is half of the id
			return Execution{}, noSuch("execution")
		}
		return x, err
	})
}

// ExecutionApp returns the app that an execution ran in.
func (s *Store) ExecutionApp(ctx context.Context, id uuid.UUID) (uuid.UUID, error) {
	key, _, ok := splitID(id)
	if !ok {
		return uuid.Nil, noSuch("execution")
	}
	return readValue(ctx, s, func(t *transaction) (uuid.UUID, error) {
		headers, err := collect(t, scanExecution, selectExecutions+"key = ?", key)
		if err != nil {
			return uuid.Nil, err
		}
		if len(headers) == 0 {
			return uuid.Nil, noSuch("execution")
		}
		return headers[0].app, nil
	})
}

// Executions lists newest first. Items carry everything. With Text a page may
// be short, even empty, and still have a NextCursor: one page looks at 2,000
// records at most.
func (s *Store) Executions(ctx context.Context, filter ExecutionFilter, page PageRequest) (Page[Execution], error) {
	if filter.App == uuid.Nil && filter.Script == uuid.Nil {
		return Page[Execution]{}, Errorf(KindInvalid, "invalid_filter", "executions are listed by app or by script")
	}
	limit, err := page.limit()
	if err != nil {
		return Page[Execution]{}, err
	}
	search, err := s.newExecutionSearch(filter, page.Cursor, limit)
	if err != nil {
		return Page[Execution]{}, err
	}
	found, err := readValue(ctx, s, search.run)
	if err != nil {
		return Page[Execution]{}, err
	}
	if search.more {
		found.NextCursor = s.cursor(search.list, strconv.FormatInt(search.before, 10))
	}
	return found, nil
}

// executionSearch walks back through the headers that fit the filter.
type executionSearch struct {
	list      string // the list's name, to which its cursors belong
	where     string
	arguments []any
	text      string
	limit     int
	before    int64 // the walk goes on below this key
	more      bool
}

func (s *Store) newExecutionSearch(f ExecutionFilter, cursor string, limit int) (*executionSearch, error) {
	search := &executionSearch{list: f.name(), text: strings.ToLower(f.Text), limit: limit, before: 1<<63 - 1}
	position, err := s.position(search.list, cursor)
	if err != nil {
		return nil, err
	}
	if position != "" {
		if search.before, err = strconv.ParseInt(position, 10, 64); err != nil {
			return nil, badCursor()
		}
	}
	return search, search.narrow(f)
}

// name tells lists with different filters apart.
func (f ExecutionFilter) name() string {
	var since, until Time
	set(&since, f.Since)
	set(&until, f.Until)
	return fmt.Sprintf("executions %s %s %q %d %d %q", f.App, f.Script, f.Status, since, until, f.Text)
}

// narrow turns the filter into conditions of constant text, so that the number
// of prepared statements stays small.
func (q *executionSearch) narrow(f ExecutionFilter) error {
	add := func(condition string, argument any) {
		q.where += " AND " + condition
		q.arguments = append(q.arguments, argument)
	}
	if f.Script != uuid.Nil {
		add("source = (SELECT number FROM execution_sources WHERE script_id = ?)", f.Script)
	}
	if f.App != uuid.Nil {
		add("source IN (SELECT number FROM execution_sources WHERE app_id = ?)", f.App)
	}
	if f.Status != "" {
		code := statusCode(f.Status)
		if code < 0 {
			return Errorf(KindInvalid, "invalid_status", "%q is not the status of an execution", f.Status)
		}
		add("status = ?", code)
	}
	if f.Since != nil {
		add("(key >> 15) + start_offset >= ?", *f.Since)
	}
	if f.Until != nil {
		add("(key >> 15) + start_offset <= ?", *f.Until)
	}
	return nil
}

// run collects one page.
func (q *executionSearch) run(t *transaction) (Page[Execution], error) {
	page := Page[Execution]{Items: []Execution{}}
	details := detailReader{t: t}
	for looked := 0; ; {
		// One more than wanted, to know whether there is a next page.
		want := q.limit - len(page.Items) + 1
		headers, err := q.headers(t, want)
		if err != nil {
			return page, err
		}
		for _, h := range headers {
			if len(page.Items) == q.limit || looked == searchRows || details.unpacked > searchBytes {
				q.more = true
				return page, nil
			}
			looked++
			q.before = h.key
			x, err := details.complete(h)
			if err != nil {
				return page, err
			}
			if q.text == "" || matchesText(&x, q.text) {
				page.Items = append(page.Items, x)
			}
		}
		if len(headers) < want {
			return page, nil
		}
	}
}

func (q *executionSearch) headers(t *transaction, n int) ([]*executionHeader, error) {
	arguments := append(append([]any{q.before}, q.arguments...), n)
	return collect(t, scanExecution, selectExecutions+"key < ?"+q.where+" ORDER BY key DESC LIMIT ?", arguments...)
}

// detailReader completes headers from their batches. Neighbours often share
// one, so it keeps the last.
type detailReader struct {
	t        *transaction
	batch    int64
	records  map[int64]*Execution
	unpacked int // bytes so far
}

func (d *detailReader) complete(h *executionHeader) (Execution, error) {
	if err := d.load(h.batch); err != nil {
		return Execution{}, err
	}
	details, ok := d.records[h.key]
	if !ok {
		return Execution{}, fmt.Errorf("%w: number %d lacks the record of key %d", errBadBatch, h.batch, h.key)
	}
	x := *details
	x.AppID, x.ScriptID, x.Status, x.StartedAt = h.app, h.script, h.status, h.startedAt
	return x, nil
}

func (d *detailReader) load(batch int64) error {
	if d.records != nil && d.batch == batch {
		return nil
	}
	r, err := d.t.first("SELECT data FROM execution_batches WHERE id = ?", batch)
	if errors.Is(err, errNoRow) {
		return fmt.Errorf("%w: number %d is missing", errBadBatch, batch)
	}
	if err != nil {
		return err
	}
	d.batch, d.records = batch, make(map[int64]*Execution)
	return unpackBatch(r.blob(0), func(key int64, x *Execution) error {
		d.unpacked += executionSize(x)
		d.records[key] = x
		return nil
	})
}

// matchesText reports whether text, in lower case, is in what the script said,
// got, gave or failed with.
func matchesText(x *Execution, text string) bool {
	has := func(s string) bool { return strings.Contains(strings.ToLower(s), text) }
	if x.Error != nil && (has(x.Error.Message) || has(x.Error.Traceback)) {
		return true
	}
	if r := x.Request; r != nil && (has(r.Path) || has(r.Query) || has(r.Body)) || x.Response != nil && has(x.Response.Body) {
		return true
	}
	for i := range x.Logs {
		if has(x.Logs[i].Message) || has(string(x.Logs[i].Data)) {
			return true
		}
	}
	return false
}
