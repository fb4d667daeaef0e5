package http_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"picloud/http"
	"picloud/http/routing"
	"picloud/runtime"
	"picloud/runtime/meter"
	"picloud/runtime/sdk"
	"picloud/store"
)

// TestDevices replays the requests of testdata/devices over TCP, each against
// an instance that has only its script.
func TestDevices(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/devices/*.http")
	if err != nil || len(files) < 16 {
		t.Fatalf("%d requests, %v", len(files), err)
	}
	for _, file := range files {
		base := strings.TrimSuffix(file, ".http")
		t.Run(filepath.Base(base), func(t *testing.T) { replayDevice(t, base) })
	}
}

func replayDevice(t *testing.T, base string) {
	address := serveDevice(t, readFile(t, base+".lua"))
	conn, err := net.Dial("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := io.WriteString(conn, readFile(t, base+".http")); err != nil {
		t.Fatal(err)
	}
	response, err := finalResponse(bufio.NewReader(conn))
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	head, wantBody, _ := strings.Cut(readFile(t, base+".want"), "\n\n")
	wanted := strings.Split(head, "\n")
	if got := response.Proto + " " + response.Status; got != wanted[0] {
		t.Errorf("status %q, want %q", got, wanted[0])
	}
	for _, line := range wanted[1:] {
		name, value, _ := strings.Cut(line, ": ")
		if got := response.Header.Get(name); got != value {
			t.Errorf("%s is %q, want %q", name, got, value)
		}
	}
	if got := string(body); got != strings.TrimSuffix(wantBody, "\n") {
		t.Errorf("body\n%s\nwant\n%s", got, wantBody)
	}
}

func finalResponse(reader *bufio.Reader) (*nethttp.Response, error) {
	for {
		response, err := nethttp.ReadResponse(reader, nil)
		if err != nil || response.StatusCode >= 200 {
			return response, err
		}
	}
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	content, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(content)
}

// serveDevice starts an instance with one script and the route of its first line.
func serveDevice(t *testing.T, source string) (address string) {
	t.Helper()
	ctx, logger := context.Background(), slog.New(slog.DiscardHandler)
	db, err := store.Open(ctx, store.Config{Dir: t.TempDir(), Logger: logger, Now: time.Now, OnFatal: func(err error) { t.Error(err) }})
	if err != nil {
		t.Fatal(err)
	}
	limits := meter.Limits{
		Instructions: 10_000_000, MemoryBytes: 16 << 20, Wall: 10 * time.Second,
		StringBytes: 4 << 20, CallDepth: 200, SDKCalls: 1000,
	}
	engine := runtime.New(runtime.Config{
		Store: db, Logger: logger, Modules: sdk.Modules(), Defaults: limits, Ceilings: limits,
		ScriptCacheSize: 8, ModuleCacheSize: 8, MaxResponseBytes: 1 << 20,
	})
	if err := saveDevice(ctx, db, engine, source); err != nil {
		t.Fatal(err)
	}
	web := httptest.NewServer(http.New(http.Config{Store: db, Engine: engine, Logger: logger, Now: time.Now}))
	t.Cleanup(func() {
		web.Close()
		engine.Close()
		if err := db.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return web.Listener.Addr().String()
}

func saveDevice(ctx context.Context, db *store.Store, engine *runtime.Engine, source string) error {
	app, err := db.CreateApp(ctx, store.AppDraft{Slug: "home", Name: "Home"})
	if err != nil {
		return err
	}
	imports, err := engine.Check("device", source)
	if err != nil {
		return err
	}
	script, err := db.CreateScript(ctx, app.ID, store.ScriptDraft{
		Name: "device", Source: source, Kind: store.ScriptEndpoint, Access: store.AccessOpen, Imports: imports,
	})
	if err != nil {
		return err
	}
	line, _, _ := strings.Cut(strings.TrimPrefix(source, "-- route: "), "\n")
	method, path, _ := strings.Cut(line, " ")
	pattern, err := routing.Parse(routing.Definition{Method: method, Path: path})
	if err != nil {
		return fmt.Errorf("%s: %w", line, err)
	}
	_, err = db.CreateRoute(ctx, script.ID, store.RouteDraft{
		Method: pattern.Method, HostKind: pattern.HostKind, PathKind: pattern.PathKind, Path: pattern.Path, DispatchMode: "sync",
	}, func(a, b store.Route) bool { return false })
	return err
}
