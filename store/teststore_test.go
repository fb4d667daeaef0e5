package store

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	schema "picloud/sql"
)

// testClock is a clock that the test moves.
type testClock struct {
	mutex sync.Mutex
	at    time.Time
}

func newTestClock() *testClock {
	return &testClock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *testClock) now() time.Time {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	return c.at
}

func (c *testClock) step(d time.Duration) {
	c.mutex.Lock()
	defer c.mutex.Unlock()
	c.at = c.at.Add(d)
}

var discard = slog.New(slog.DiscardHandler)

func testConfig(t testing.TB, dir string) Config {
	return Config{Dir: dir, Logger: discard, Now: time.Now,
		ReservedModuleNames: []string{"kv", "json"},
		OnFatal:             func(err error) { t.Errorf("OnFatal: %v", err) }}
}

func embeddedMigrations(t testing.TB) fs.FS {
	t.Helper()
	migrations, err := fs.Sub(schema.Migrations, "migrations")
	if err != nil {
		t.Fatal(err)
	}
	return migrations
}

// openTest opens a store whose housekeeping the test does by hand.
func openTest(t testing.TB, config Config) *Store {
	t.Helper()
	s, err := open(t.Context(), config, embeddedMigrations(t), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closeTest(t, s) })
	return s
}

func closeTest(t testing.TB, s *Store) {
	t.Helper()
	if err := s.Close(context.Background()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func newTestStore(t testing.TB) *Store {
	t.Helper()
	return openTest(t, testConfig(t, t.TempDir()))
}

func must[T any](t testing.TB) func(T, error) T {
	return func(value T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return value
	}
}

func noError(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantCode(t testing.TB, err error, kind Kind, code string) *Error {
	t.Helper()
	var e *Error
	if !errors.As(err, &e) || e.Kind != kind || e.Code != code {
		t.Fatalf("error is %v, want kind %s and code %s", err, kind, code)
	}
	return e
}

// crash copies the data folder as a killed process would leave it.
func crash(t testing.TB, dir string) string {
	t.Helper()
	to := t.TempDir()
	for _, name := range []string{databaseName, databaseName + "-wal", lockName, markerName, ballastName} {
		content, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			t.Fatal(err)
		}
		noError(t, os.WriteFile(filepath.Join(to, name), content, 0o600))
	}
	return to
}

func testExecution(s *Store, script uuid.UUID) *Execution {
	id := s.newID()
	key, _, _ := splitID(id)
	return &Execution{
		ID: id, ScriptID: script, ScriptVersion: 3, RequestID: strings.ReplaceAll(uuid.NewString(), "-", ""), InvocationType: "http", Status: StatusSuccess,
		StatusCode: 200, StartedAt: keyTime(key), DurationMS: 1.234, Usage: Usage{Instructions: 1234, MemoryBytes: 20480, SDKCalls: 2},
		Logs: []LogLine{{At: keyTime(key) + 1, Level: "info", Message: "reading " + strconv.Itoa(int(key>>3)&0xfff), Data: []byte(`{"a":1}`)}},
		Request: &RecordedRequest{Method: "POST", Path: "/hook/sensor", Query: "room=hall", Body: `{"temperature":21.5,"id":` + strconv.Itoa(int(key&0xffff)) + `}`, BodyBytes: 40,
			Headers: []HeaderField{{"Content-Type", "application/json"}, {"User-Agent", "Shelly/1.14"}, {"Host", "pi.local:8080"}, {"Accept", "*/*"}}},
		Response: &RecordedResponse{Status: 200, Body: `{"ok":true}`, BodyBytes: 11, Headers: []HeaderField{{"Content-Type", "application/json"}}},
	}
}

func ptr[T any](v T) *T { return &v }

func testApp(t testing.TB, s *Store, slug string) App {
	t.Helper()
	return must[App](t)(s.CreateApp(t.Context(), AppDraft{Slug: slug}))
}

func testScript(t testing.TB, s *Store, app uuid.UUID, name string, kind ScriptKind, imports ...string) Script {
	t.Helper()
	return must[Script](t)(s.CreateScript(t.Context(), app, ScriptDraft{Name: name, Kind: kind, Source: "return 1", Imports: imports, CreatedBy: "ann"}))
}

// rounds returns how often a race is run: long with PICLOUD_TEST_LONG set.
func rounds(short, long int) int {
	if os.Getenv("PICLOUD_TEST_LONG") != "" {
		return long
	}
	return short
}

// together runs fn for 0 to n-1 at once and returns their errors.
func together(n int, fn func(int) error) []error {
	errs := make([]error, n)
	var group sync.WaitGroup
	start := make(chan struct{})
	for i := range n {
		group.Go(func() {
			<-start
			errs[i] = fn(i)
		})
	}
	close(start)
	group.Wait()
	return errs
}
