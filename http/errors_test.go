package http

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"picloud/store"
)

var codeShape = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Codes that are made outside http but cannot reach a caller: the database
// refuses to open before anything serves.
var startOnlyCodes = map[string]bool{"database_refused": true}

func TestEveryCodeIsInTheCatalogue(t *testing.T) {
	t.Parallel()
	found := 0
	for _, room := range []string{".", "routing", "../store", "../runtime", "../scheduler"} {
		for code, where := range codesIn(t, room) {
			found++
			if _, ok := catalogue[code]; !ok && !startOnlyCodes[code] {
				t.Errorf("%s uses the code %q, which the catalogue lacks", where, code)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d codes found; the search no longer sees them", found)
	}
	for code, entry := range catalogue {
		if !codeShape.MatchString(code) || entry.Status < 400 || entry.Status > 599 || entry.When == "" {
			t.Errorf("catalogue entry %q is incomplete: %+v", code, entry)
		}
	}
}

// codesIn returns the error codes that the package in dir writes as literals:
// the argument after a kind, the field Code, and constants named Code….
func codesIn(t *testing.T, dir string) map[string]string {
	t.Helper()
	files := token.NewFileSet()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	codes := map[string]string{}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(files, name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(node ast.Node) bool {
			for _, literal := range codeLiterals(node) {
				if text, err := strconv.Unquote(literal.Value); err == nil {
					position := files.Position(literal.Pos())
					codes[text] = fmt.Sprintf("%s:%d", filepath.Join(dir, filepath.Base(position.Filename)), position.Line)
				}
			}
			return true
		})
	}
	return codes
}

func codeLiterals(node ast.Node) (found []*ast.BasicLit) {
	add := func(e ast.Expr) {
		if literal, ok := e.(*ast.BasicLit); ok && literal.Kind == token.STRING {
			found = append(found, literal)
		}
	}
	switch n := node.(type) {
	case *ast.CallExpr:
		for i, argument := range n.Args {
			if i+1 < len(n.Args) && isKind(argument) {
				add(n.Args[i+1])
			}
		}
	case *ast.KeyValueExpr:
		if key, ok := n.Key.(*ast.Ident); ok && key.Name == "Code" {
			add(n.Value)
		}
	case *ast.ValueSpec:
		for i, name := range n.Names {
			if strings.HasPrefix(name.Name, "Code") && i < len(n.Values) {
				add(n.Values[i])
			}
		}
	}
	return found
}

func isKind(e ast.Expr) bool {
	if selector, ok := e.(*ast.SelectorExpr); ok {
		e = selector.Sel
	}
	name, ok := e.(*ast.Ident)
	return ok && strings.HasPrefix(name.Name, "Kind") && len(name.Name) > len("Kind")
}

func TestErrorShape(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		err        error
		status     int
		retryAfter string
		body       string
	}{
		{
			store.Errorf(store.KindNotFound, "not_found", "there is no such app"), 404, "",
			`{"error":{"code":"not_found","message":"there is no such app"}}`,
		},
		{
			fmt.Errorf("create: %w", &store.Error{
				Kind: store.KindConflict, Code: "name_taken", Message: "taken",
				Details: map[string]any{"field": "name"}, Err: errors.New("UNIQUE constraint failed: scripts.name"),
			}), 409, "",
			`{"error":{"code":"name_taken","message":"taken","details":{"field":"name"}}}`,
		},
		{
			store.Errorf(store.KindUnavailable, "busy", "busy"), 503, "1",
			`{"error":{"code":"busy","message":"busy"}}`,
		},
		{
			tooManyRequests(12_000_000_000), 429, "12",
			`{"error":{"code":"too_many_requests","message":"too many attempts; try again in 12 s","details":{"retry_after_s":12}}}`,
		},
		{
			errors.New("open /var/lib/picloud/picloud.db: no such file"), 500, "",
			`{"error":{"code":"internal","message":"something failed inside PiCloud; its log says what, under this request id","details":{"request_id":"the-id"}}}`,
		},
		{
			&store.Error{Kind: store.KindInternal, Code: "internal", Message: "the row of /var/lib is odd"}, 500, "",
			`{"error":{"code":"internal","message":"something failed inside PiCloud; its log says what, under this request id","details":{"request_id":"the-id"}}}`,
		},
		{
			&store.Error{Kind: store.KindUnavailable, Code: "storage_full", Message: "the disk is full"}, 507, "",
			`{"error":{"code":"storage_full","message":"the disk is full"}}`,
		},
	} {
		s, w := newTestServer(t), httptest.NewRecorder()
		w.Header().Set("X-Request-Id", "the-id")
		s.fail(test.err, s.echo.NewContext(httptest.NewRequest("GET", "/api/v1/x", nil), w))
		if got := strings.TrimSuffix(w.Body.String(), "\n"); got != test.body {
			t.Errorf("body %s\nwant %s", got, test.body)
		}
		if w.Code != test.status || w.Header().Get("Retry-After") != test.retryAfter || w.Header().Get("Content-Type") != "application/json" {
			t.Errorf("%s: status %d, headers %v", test.body, w.Code, w.Header())
		}
		logged := strings.Count(s.log.String(), "request failed")
		if want := test.status >= 500; (logged == 1) != want || logged > 1 {
			t.Errorf("%s: logged %d times", test.body, logged)
		}
	}
}

func TestEveryKindHasAStatus(t *testing.T) {
	t.Parallel()
	for kind, want := range map[store.Kind]int{
		store.KindInvalid: 422, store.KindUnauthorized: 401, store.KindForbidden: 403, store.KindNotFound: 404,
		store.KindConflict: 409, store.KindLimit: 429, store.KindTooLarge: 413, store.KindUnavailable: 503,
		store.KindInternal: 500, "invented": 500,
	} {
		if got := statusOfKind(kind); got != want {
			t.Errorf("%s is %d, want %d", kind, got, want)
		}
	}
}

// What an error lists stands there as a person writes it, not as Go prints it.
func TestErrorsListWords(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "listed", "return 1")
	for _, test := range []struct{ method, path, body, want string }{
		{"GET", "apps/default/dead-letters?state=odd", "", "open, resolved, replayed, handler_failed"},
		{"GET", "apps/default/logs?status=odd", "", "success, "},
		{"GET", "audit?action=odd", "", "change_app, "},
		{"POST", "scripts/" + script + "/invoke", `{"event":{"kind":"fax"}}`, "cron, kv, docs, topic, dead_letter"},
		{"POST", "scripts/" + script + "/invoke", `{"event":{}}`, "cron, kv, docs, topic, dead_letter"},
		{"POST", "api-keys", `{"name":"a","scopes":[]}`, "script:read, script:write"},
		{"POST", "api-keys", `{"name":"a","scopes":["odd"]}`, "script:read, script:write"},
		{"POST", "apps/default/triggers/dead_letter", `{"name":"a","script_id":"` + script + `","dead_letter":{"kinds":["odd"]}}`, "cron, kv, docs, topic"},
	} {
		w := request(t, s, test.method, adminPrefix+test.path, test.body, owner)
		message := field(t, w, "error.message")
		if w.Code < 400 || !strings.Contains(message, test.want) || strings.ContainsAny(message, "[]") {
			t.Errorf("%s %s is refused with %d %q, want %q in it and no brackets", test.method, test.path, w.Code, message, test.want)
		}
	}
}
