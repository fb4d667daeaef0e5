package http

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	nethttp "net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/runtime/meter"
	"picloud/runtime/sdk"
	"picloud/store"
)

const (
	testSetupToken = "0123456789abcdef0123456789abcdef"
	testUsername   = "ada"
	testPassword   = "correct horse"
)

// testClock is a clock that a test sets.
type testClock struct {
	mu sync.Mutex
	at time.Time
}

func newTestClock() *testClock {
	return &testClock{at: time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)}
}

func (c *testClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *testClock) advance(by time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(by)
}

// testServer is a server over a real store and a real engine.
type testServer struct {
	*Server
	t     testing.TB
	clock *testClock
	log   *logBuffer
	// unsynchronised says that the clock cannot be trusted.
	unsynchronised *atomic.Bool
}

type logBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// newTestServer returns a server that nobody has set up.
func newTestServer(t testing.TB) *testServer {
	t.Helper()
	clock, log := newTestClock(), &logBuffer{}
	logger := slog.New(slog.NewTextHandler(log, nil))
	db, err := store.Open(context.Background(), store.Config{
		Dir: t.TempDir(), Logger: logger, Now: clock.now,
		OnFatal: func(err error) { t.Errorf("store: %v", err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	unsynchronised := new(atomic.Bool)
	engine := newTestEngine(db, logger, func() bool { return !unsynchronised.Load() })
	t.Cleanup(func() {
		engine.Close()
		if err := db.Close(context.Background()); err != nil {
			t.Error(err)
		}
	})
	s := &testServer{t: t, clock: clock, log: log, unsynchronised: unsynchronised, Server: New(Config{
		Store: db, Engine: engine, Logger: logger, Now: clock.now,
		Product: "0.1.0", SDK: "1.0", SetupToken: testSetupToken,
	})}
	s.http.Handler = s
	return s
}

func newTestEngine(db *store.Store, logger *slog.Logger, synchronised func() bool) *runtime.Engine {
	defaults := meter.Limits{
		Instructions: 10_000_000, MemoryBytes: 16 << 20, Wall: 10 * time.Second,
		StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000,
	}
	ceilings := meter.Limits{
		Instructions: 1_000_000_000, MemoryBytes: 256 << 20, Wall: 5 * time.Minute,
		StringBytes: 256 << 20, CallDepth: 1000, SDKCalls: 100_000,
	}
	return runtime.New(runtime.Config{
		Store: db, Logger: logger, Modules: sdk.Modules(), Defaults: defaults, Ceilings: ceilings,
		ScriptCacheSize: 256, ModuleCacheSize: 512, MaxResponseBytes: 10 << 20, ClockSynchronised: synchronised,
	})
}

// newOwnedServer returns a server with an owner and the owner's headers.
func newOwnedServer(t testing.TB) (*testServer, map[string]string) {
	t.Helper()
	s := newTestServer(t)
	response := request(t, s, "POST", "/api/v1/admin/auth/setup",
		`{"token":"`+testSetupToken+`","username":"`+testUsername+`","password":"`+testPassword+`"}`, nil)
	wantStatus(t, response, 201)
	return s, bearer(field(t, response, "token"))
}

func bearer(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

// request calls the handler in memory. A body is sent as JSON unless headers
// say otherwise.
func request(t testing.TB, s *testServer, method, target, body string, headers map[string]string) *httptest.ResponseRecorder {
	t.Helper()
	r := httptest.NewRequest(method, target, strings.NewReader(body))
	if body == "" {
		r.Body, r.ContentLength = nethttp.NoBody, 0
	} else {
		r.Header.Set("Content-Type", "application/json")
	}
	for name, value := range headers {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	return w
}

func wantStatus(t testing.TB, w *httptest.ResponseRecorder, status int) {
	t.Helper()
	if w.Code != status {
		t.Fatalf("status %d, want %d: %s", w.Code, status, w.Body)
	}
}

// wantError checks status and code of an answer in the error shape.
func wantError(t *testing.T, w *httptest.ResponseRecorder, status int, code string) {
	t.Helper()
	wantStatus(t, w, status)
	if got := field(t, w, "error.code"); got != code {
		t.Fatalf("error code %q, want %q: %s", got, code, w.Body)
	}
}

// field returns the value at a dotted path of a JSON answer: a string as it is,
// anything else as JSON, and what is absent as "<absent>". Of a list on the way
// it takes the first item.
func field(t testing.TB, w *httptest.ResponseRecorder, path string) string {
	t.Helper()
	var value any
	if err := json.Unmarshal(w.Body.Bytes(), &value); err != nil {
		t.Fatalf("answer is not JSON: %v: %s", err, w.Body)
	}
	for name := range strings.SplitSeq(path, ".") {
		if list, ok := value.([]any); ok && len(list) > 0 {
			value = list[0]
		}
		object, ok := value.(map[string]any)
		if !ok {
			return "<absent>"
		}
		if value, ok = object[name]; !ok {
			return "<absent>"
		}
	}
	if text, ok := value.(string); ok {
		return text
	}
	text, err := json.Marshal(value)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// scenario is one call and what it must answer.
type scenario struct {
	name   string
	method string
	path   string // below adminPrefix
	body   string
	status int
	want   map[string]string // dotted path in the answer → value
}

// play runs scenarios in order, as the owner.
func play(t *testing.T, s *testServer, owner map[string]string, scenarios []scenario) {
	t.Helper()
	for _, step := range scenarios {
		t.Run(step.name, func(t *testing.T) {
			w := request(t, s, step.method, adminPrefix+step.path, step.body, owner)
			wantStatus(t, w, step.status)
			for path, want := range step.want {
				if got := field(t, w, path); got != want {
					t.Errorf("%s is %q, want %q: %s", path, got, want, w.Body)
				}
			}
		})
	}
}

// drain returns everything that r still has.
func drain(t *testing.T, r io.Reader) string {
	t.Helper()
	text, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
