package http

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// everything is an app with every kind of route, guard and trigger.
var everything = map[string]string{
	"app.toml": `# One app of PiCloud. ` + "`picloud push` makes the app what this folder says; `picloud pull` writes the folder." + `

slug = 'default'
name = 'Green "house"'
description = "two\nlines"
secrets = ['API_KEY', 'HOOK']

[scripts]
[scripts.answer]
description = 'answers'
access = 'authenticated'
timeout_ms = 1500

[scripts.answer.limits]
instructions = 5000
memory_bytes = 2000000
call_depth = 50
string_bytes = 4096
sdk_calls = 9

[scripts.'dotted.name-2']
enabled = false

[modules]
[modules.units]
description = 'conversions'

[[routes]]
script = 'answer'
method = 'ANY'
path = '/all/*'
dispatch_mode = 'async'

[[routes]]
script = 'answer'
method = 'GET'
path = '/greet'
local_only = true

[routes.rate_limit]
per_minute = 30
burst = 5
key = 'route'

[[routes]]
script = 'answer'
method = 'POST'
path = '/hook'

[routes.verify]
provider = 'hmac'
secret = 'HOOK'
tolerance_s = 60
header = 'X-Sig'
algorithm = 'sha512'
prefix = 'v1='
encoding = 'base64'
template = '{timestamp}.{body}'
timestamp_header = 'X-Time'

[routes.dedupe]
from = 'header:X-Id'
ttl_s = 600

[[routes]]
script = 'dotted.name-2'
method = 'GET'
path = '/users/:id'

[[routes]]
script = 'answer'
method = 'GET'
host = '*.example.com'
path = '/'

[[routes]]
script = 'answer'
method = 'DELETE'
host = 'sub.example.com'
path = '/x'

[[triggers]]
name = 'changes'
script = 'answer'
ordered = true

[triggers.kv]
collection = 'sensors'
key_prefix = 'hall/'
ops = ['insert', 'update']

[triggers.retry]
max_attempts = 2
backoff = 'linear'
base_ms = 500
max_ms = 5000

[[triggers]]
name = 'every change'
script = 'answer'

[triggers.kv]
collection = 'sensors'

[[triggers]]
name = 'failures'
script = 'answer'

[triggers.dead_letter]
kinds = ['topic']

[[triggers]]
name = 'failures of all kinds'
script = 'answer'

[triggers.dead_letter]
[[triggers]]
name = 'nightly'
script = 'answer'
enabled = false

[triggers.cron]
schedule = '0 3 * * *'
timezone = 'Europe/Vienna'

[[triggers]]
name = 'readings'
script = 'dotted.name-2'

[triggers.docs]
collection = 'readings'
ops = ['delete']

[[triggers]]
name = 'topics'
script = 'answer'

[triggers.topic]
filter = 'home/+/temp'
`,
	"scripts/answer.lua":        "local units = require(\"units\")\nlocal key = secrets.get('API_KEY')\r\nreturn units\n",
	"scripts/dotted.name-2.lua": "return 'ümlaut'",
	"modules/units.lua":         "return {}",
}

// folderJSON is the body of an import.
func folderJSON(t *testing.T, files map[string]string) string {
	t.Helper()
	text, err := json.Marshal(folderBody{Files: files})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// with is files with some others; an empty text takes one away.
func with(files map[string]string, changed ...string) map[string]string {
	all := maps.Clone(files)
	for i := 0; i < len(changed); i += 2 {
		if all[changed[i]] = changed[i+1]; changed[i+1] == "" {
			delete(all, changed[i])
		}
	}
	return all
}

func newFolderServer(t *testing.T) (*testServer, map[string]string) {
	t.Helper()
	s, owner := newOwnedServer(t)
	for _, secret := range []string{"HOOK", "API_KEY"} {
		wantStatus(t, request(t, s, "PUT", adminPrefix+"apps/default/secrets/"+secret, `{"value":"a secret value"}`, owner), 200)
	}
	return s, owner
}

func (s *testServer) importFiles(t *testing.T, owner map[string]string, query string, files map[string]string) importAnswer {
	t.Helper()
	w := request(t, s, "POST", adminPrefix+"apps/default/import"+query, folderJSON(t, files), owner)
	wantStatus(t, w, 200)
	var done importAnswer
	if err := json.Unmarshal(w.Body.Bytes(), &done); err != nil {
		t.Fatal(err)
	}
	return done
}

func (s *testServer) exportFiles(t *testing.T, owner map[string]string) map[string]string {
	t.Helper()
	w := request(t, s, "GET", adminPrefix+"apps/default/export", "", owner)
	wantStatus(t, w, 200)
	var body folderBody
	if err := json.Unmarshal(w.Body.Bytes(), &body); err != nil {
		t.Fatal(err)
	}
	return body.Files
}

// plan is an import's changes, one line each.
func plan(done importAnswer) []string {
	lines := []string{}
	for _, change := range done.Changes {
		lines = append(lines, strings.TrimSpace(change.Action+" "+change.Kind+" "+change.Name+" "+strings.Join(change.Fields, ",")))
	}
	return lines
}

func TestAFolderSurvivesTheRoundTrip(t *testing.T) {
	t.Parallel()
	s, owner := newFolderServer(t)
	if done := s.importFiles(t, owner, "", everything); !done.Applied || len(done.Changes) != 1+3+6+7 || len(done.MissingSecrets) != 0 {
		t.Errorf("%+v", done)
	}
	if diff := cmp.Diff(everything, s.exportFiles(t, owner)); diff != "" {
		t.Errorf("the export differs (- folder, + export):\n%s", diff)
	}
	for _, query := range []string{"", "?prune=true", "?dry_run=true&prune=true"} {
		if done := s.importFiles(t, owner, query, everything); len(done.Changes) != 0 {
			t.Errorf("%s: an unchanged folder changes %v", query, plan(done))
		}
	}
	for _, script := range s.store.Catalog().Scripts {
		if script.Version != 1 {
			t.Errorf("%s has version %d", script.Name, script.Version)
		}
	}
	w := request(t, s, "GET", adminPrefix+"audit?action=import_app", "", owner)
	if field(t, w, "items.details.changes") != "17" || strings.Count(w.Body.String(), "import_app") != 1 {
		t.Errorf("the audit: %s", w.Body)
	}
}

func TestAnImportChangesWhatDiffers(t *testing.T) {
	t.Parallel()
	s, owner := newFolderServer(t)
	s.importFiles(t, owner, "", everything)
	toml := strings.NewReplacer(
		"path = '/users/:id'", "path = '/users/:name'", "description = 'answers'", "description = 'still'", "per_minute = 30", "per_minute = 31",
		"[triggers.topic]\nfilter = 'home/+/temp'", "[triggers.docs]\ncollection = 'x'", "schedule = '0 3 * * *'", "schedule = '0 4 * * *'",
		"ordered = true\n", "").Replace(everything["app.toml"])
	changed := with(everything, "app.toml", toml, "modules/units.lua", "return {c = 1}", "scripts/new.lua", "return 1")
	want := []string{"change script answer description", "create script new", "change script units source",
		"change route GET /greet rate_limit", "change route GET /users/:name path",
		"change trigger changes ordered", "change trigger nightly rule", "change trigger topics kind"}
	for _, query := range []string{"?dry_run=true", "", "?dry_run=true"} {
		done := s.importFiles(t, owner, query, changed)
		if diff := cmp.Diff(want, plan(done)); diff != "" || done.Applied != (query == "") {
			t.Errorf("%q: %v (- want, + got):\n%s", query, done.Applied, diff)
		}
		if query == "" {
			want = []string{}
		}
	}
	w := request(t, s, "GET", adminPrefix+"audit?action=import_app", "", owner)
	if strings.Count(w.Body.String(), `"import_app"`) != 2 {
		t.Errorf("a dry run is in the audit: %s", w.Body)
	}
	if diff := cmp.Diff(changed, s.exportFiles(t, owner)); diff != "" {
		t.Errorf("the export differs (- folder, + export):\n%s", diff)
	}
	if script := s.store.Catalog().ScriptByName(*s.defaultApp(), "dotted.name-2"); script.Version != 1 {
		t.Errorf("an unchanged script has version %d", script.Version)
	}
}

func TestPruneDeletesWhatTheFolderHasNot(t *testing.T) {
	t.Parallel()
	s, owner := newFolderServer(t)
	s.importFiles(t, owner, "", everything)
	small := map[string]string{"app.toml": "[[routes]]\nscript = 'dotted.name-2'\nmethod = 'GET'\npath = '/users/:id'\n",
		"scripts/dotted.name-2.lua": "return 1"}
	if done := s.importFiles(t, owner, "", small); len(done.Changes) != 1 {
		t.Errorf("without prune: %v", plan(done))
	}
	done := s.importFiles(t, owner, "?prune=true", small)
	deleted := slices.DeleteFunc(plan(done), func(line string) bool { return !strings.HasPrefix(line, "delete ") })
	if len(deleted) != 7+5+2 || len(s.store.Catalog().Scripts) != 1 || len(s.store.Catalog().Routes) != 1 || len(s.store.Catalog().Triggers) != 0 {
		t.Errorf("with prune: %v", plan(done))
	}
}

// A script that is called otherwise keeps what led to it.
func TestAnImportRenamesAScript(t *testing.T) {
	t.Parallel()
	s, owner := newFolderServer(t)
	files := func(name string) map[string]string {
		return map[string]string{"scripts/" + name + ".lua": "return 1",
			"app.toml": strings.ReplaceAll("[[routes]]\nscript = 'X'\nmethod = 'GET'\npath = '/kept'\n[[triggers]]\nname = 'kept'\nscript = 'X'\ntopic = {filter = 'a'}\n", "X", name)}
	}
	s.importFiles(t, owner, "", files("old"))
	done := s.importFiles(t, owner, "?prune=true", files("new"))
	want := []string{"create script new", "change route GET /kept script", "change trigger kept script", "delete script old"}
	if diff := cmp.Diff(want, plan(done)); diff != "" {
		t.Errorf("(- want, + got)\n%s", diff)
	}
	wantStatus(t, request(t, s, "GET", "/kept", "", nil), 200)
	if len(s.store.Catalog().Triggers) != 1 {
		t.Error("the trigger is gone")
	}
}

// An endpoint becomes a module and the other way round, whatever the order of
// the files, when everything else follows.
func TestAnImportNeedsNoOrder(t *testing.T) {
	t.Parallel()
	s, owner := newFolderServer(t)
	one := map[string]string{"app.toml": "[[routes]]\nscript = 'a'\nmethod = 'GET'\npath = '/a'\n", "scripts/a.lua": "return require('b')", "modules/b.lua": "return 1"}
	other := map[string]string{"app.toml": "[[routes]]\nscript = 'b'\nmethod = 'GET'\npath = '/a'\n", "scripts/b.lua": "return require('a')", "modules/a.lua": "return 1"}
	for _, files := range []map[string]string{one, other, one} {
		s.importFiles(t, owner, "?prune=true", files)
		wantStatus(t, request(t, s, "GET", "/a", "", nil), 200)
	}
}

// problem is file:line:column code of one problem of an import.
func problemsOf(t *testing.T, body []byte) []string {
	t.Helper()
	var answer struct {
		Error struct {
			Details struct {
				Errors []struct {
					File         string
					Line, Column json.Number
					Code         string
				}
			}
		}
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatal(err)
	}
	var lines []string
	for _, e := range answer.Error.Details.Errors {
		lines = append(lines, e.File+":"+e.Line.String()+":"+e.Column.String()+" "+e.Code)
	}
	return lines
}
