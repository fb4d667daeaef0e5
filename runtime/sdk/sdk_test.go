package sdk_test

import (
	"context"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"picloud/runtime"
	"picloud/runtime/sdk"
	"picloud/store"
)

type bench struct {
	t      testing.TB
	store  *store.Store
	engine *runtime.Engine
	app    store.App
	count  int
}

func newBench(t testing.TB) *bench { return newBenchWith(t, sdk.Modules()) }

func newBenchWith(t testing.TB, modules []runtime.Module) *bench {
	t.Helper()
	ctx := context.Background()
	logger := slog.New(slog.DiscardHandler)
	s, err := store.Open(ctx, store.Config{Dir: t.TempDir(), Logger: logger, Now: time.Now, OnFatal: func(err error) { panic(err) }})
	if err != nil {
		t.Fatal(err)
	}
	engine := runtime.New(runtime.Config{Store: s, Logger: logger, Modules: modules})
	t.Cleanup(func() {
		engine.Close()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	app, err := s.CreateApp(ctx, store.AppDraft{Slug: "sdk", Name: "SDK"})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"WEATHER_KEY", "GITHUB_SECRET"} { // of the examples
		if _, err := s.SetAppSecret(ctx, app.ID, name, "It's a Secret to Everybody"); err != nil {
			t.Fatal(err)
		}
	}
	return &bench{t: t, store: s, engine: engine, app: app}
}

func (b *bench) run(source string) *runtime.Result {
	b.t.Helper()
	b.count++
	script, err := b.store.CreateScript(context.Background(), b.app.ID, store.ScriptDraft{
		Name: "script-" + strconv.Itoa(b.count), Source: source, Kind: store.ScriptEndpoint, Access: store.AccessOpen,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	return b.engine.Run(context.Background(), &runtime.Invocation{
		Script: b.store.Catalog().Scripts[script.ID], Kind: runtime.KindTest,
		Request: &runtime.Request{Method: "GET", Path: "/", Header: http.Header{}},
	})
}

// Every function is described in full, its example runs, and its module has a
// script that asserts what it does.
func TestEveryFunctionIsDescribedAndRuns(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	for _, module := range sdk.Modules() {
		if module.Doc == "" {
			t.Errorf("module %s has no description", module.Name)
		}
		for _, fn := range module.Funcs {
			b.checkDescription(module.Name+".", fn)
		}
		for _, kind := range module.Types {
			if kind.Doc == "" {
				t.Errorf("type %s has no description", kind.Name)
			}
			for _, method := range kind.Methods {
				b.checkDescription(kind.Name, method)
			}
		}
		b.runScripts(module.Name)
	}
}

func (b *bench) checkDescription(owner string, fn runtime.Func) {
	b.t.Helper()
	name := owner + fn.Name
	if fn.Doc == "" || fn.Example == "" || len(fn.Errors) == 0 || fn.Call == nil {
		b.t.Errorf("%s lacks a description, an example, its errors or its function", name)
		return
	}
	for _, param := range fn.Params {
		if param.Name == "" || param.Type == "" || param.Doc == "" {
			b.t.Errorf("%s has a parameter without name, type or description: %+v", name, param)
		}
	}
	if result := b.run(fn.Example); result.Err != nil {
		b.t.Errorf("the example of %s fails: %v", name, result.Err)
	}
}

func (b *bench) runScripts(module string) {
	b.t.Helper()
	files, err := filepath.Glob(filepath.Join("..", "..", "testdata", "sdk", module, "*.lua"))
	if err != nil || len(files) == 0 {
		b.t.Errorf("module %s has no script under testdata/sdk (%v)", module, err)
	}
	for _, file := range files {
		source, err := os.ReadFile(file)
		if err != nil {
			b.t.Fatal(err)
		}
		if result := b.run(string(source)); result.Err != nil {
			b.t.Errorf("%s: %v", file, result.Err)
		}
	}
}
