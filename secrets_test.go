package main_test

import (
	"bytes"
	"compress/flate"
	"database/sql"
	"encoding/base64"
	varint "encoding/binary"
	"encoding/json"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// The values that must appear nowhere. Each has letters that encodings change.
var hiddenValues = map[string]string{
	"API_KEY":  "sk_live_51H8xQ2eZvKYlo2C+/=tail",
	"PASSWORD": `hunter2 "quoted" & <wörd>`,
	"LOGIN":    "weatherstation:Tr0ub4dor&3-xyz",
	"PEM":      "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcw\n-----END KEY-----\n",
}

// leakyScript does with a secret all that a careless script may.
const leakyScript = `
local key, password, pem = secrets.get("API_KEY"), secrets.get("PASSWORD"), secrets.get("PEM")
log.info("the key is " .. key, { key = key, nested = { password } })
print(password, pem)
log.warn(("x"):rep(4090 - #key / 2) .. key)
docs.collection("notes"):find({ where = { [key] = 1 } })
if ctx.request.query.how == "fail" then return { fail = "no sign-in with " .. password } end
if ctx.request.query.how == "raise" then error("cannot sign in with " .. password) end
if ctx.request.query.how == "code" then error({ code = key, message = pem }) end
if ctx.request.query.how == "spin" then local s = key while true do s = s .. "" end end
return { statusCode = 200, [password] = true, headers = { ["X-Echo"] = key }, body = { key = key, all = { password, pem }, got = ctx.request.body_raw } }`

// forbidden are the forms in which a value would be a leak.
func forbidden(t *testing.T) []string {
	t.Helper()
	var forms []string
	for _, value := range hiddenValues {
		quoted, err := json.Marshal(value)
		if err != nil {
			t.Fatal(err)
		}
		forms = append(forms, value, strings.Trim(string(quoted), `"`), url.QueryEscape(value), url.PathEscape(value),
			base64.StdEncoding.EncodeToString([]byte(value))[:16])
	}
	return forms
}

func wantHidden(t *testing.T, where string, text []byte) {
	t.Helper()
	for _, form := range forbidden(t) {
		if at := bytes.Index(text, []byte(form)); at >= 0 {
			t.Errorf("%s shows %q: %.200q", where, form, text[max(0, at-60):])
		}
	}
}

func wantHiddenFiles(t *testing.T, dir string) {
	t.Helper()
	files := 0
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		content, err := os.ReadFile(path)
		wantHidden(t, path, content)
		files++
		return err
	})
	if err != nil || files < 4 {
		t.Errorf("%d files, %v", files, err)
	}
}

// wantHiddenDatabase looks at every value of every table, also inside what is
// compressed, where a search of the file sees nothing.
func wantHiddenDatabase(t *testing.T, file string) {
	t.Helper()
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	marks := 0
	for _, table := range rowsOf(t, db, "SELECT name FROM sqlite_schema WHERE type = 'table'") {
		for _, value := range rowsOf(t, db, `SELECT * FROM "`+string(table)+`"`) {
			inside := unpacked(value)
			wantHidden(t, file+", "+string(table), value)
			wantHidden(t, file+", unpacked "+string(table), inside)
			marks += bytes.Count(inside, []byte("«secret:"))
		}
	}
	if marks < 20 {
		t.Errorf("%s: only %d marks were found in what is compressed", file, marks)
	}
}

// rowsOf returns every value that a query gives.
func rowsOf(t *testing.T, db *sql.DB, query string) (values [][]byte) {
	t.Helper()
	rows, err := db.Query(query)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for rows.Next() {
		row, into := make([][]byte, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			t.Fatal(err)
		}
		values = append(values, row...)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return values
}

// unpacked is what a batch of execution records holds compressed: behind a
// length and so many random bytes. Of anything else it is nothing, or noise.
func unpacked(value []byte) []byte {
	length, n := varint.Uvarint(value)
	if n <= 0 || length > uint64(len(value)-n) {
		return nil
	}
	inside, _ := io.ReadAll(flate.NewReader(bytes.NewReader(value[n+int(length):]))) // anything else ends with an error
	return inside
}

// A whole run with secrets: they are in no file, no log line and no answer of
// the API, whatever a script, a sender or a failure does with them.
func TestSecretsAppearNowhere(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	const admin = "/api/v1/admin/"
	for name, value := range hiddenValues {
		s.must(s.call("PUT", admin+"apps/default/secrets/"+name, map[string]string{"value": value}, nil), 200)
	}
	leaky := s.newScript("leaky", leakyScript, map[string]any{"limits": map[string]any{"instructions": 100_000}})
	plain := s.newScript("plain", `return "ok"`, nil)
	for path, guards := range map[string]map[string]any{
		"/plain":  nil,
		"/query":  {"verify": map[string]any{"provider": "token", "secret": "API_KEY", "in": "query:k"}},
		"/form":   {"verify": map[string]any{"provider": "token", "secret": "API_KEY", "in": "form:PASSKEY"}},
		"/header": {"verify": map[string]any{"provider": "token", "secret": "API_KEY", "in": "header:X-Own"}},
		"/basic":  {"verify": map[string]any{"provider": "basic", "secret": "LOGIN"}},
		"/later":  {"verify": map[string]any{"provider": "token", "secret": "API_KEY", "in": "query:k"}, "dispatch_mode": "async"},
		"/once":   {"dedupe": map[string]any{"from": "query:id"}},
		"/slow":   {"verify": map[string]any{"provider": "token", "secret": "API_KEY", "in": "query:k"}, "rate_limit": map[string]any{"per_minute": 1}},
	} {
		for script, prefix := range map[string]string{leaky: "", plain: "/other"} {
			body := map[string]any{"method": "POST", "path": prefix + path}
			for name, guard := range guards {
				body[name] = guard
			}
			s.must(s.call("POST", admin+"scripts/"+script+"/routes", body, nil), 201)
		}
	}
	key := hiddenValues["API_KEY"]
	send := func(target, body string, header map[string]string) answer {
		request, err := http.NewRequest("POST", s.url+target, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range header {
			request.Header.Set(name, value)
		}
		return s.do(request)
	}
	form := map[string]string{"Content-Type": "application/x-www-form-urlencoded"}
	basic := map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(hiddenValues["LOGIN"]))}
	for _, prefix := range []string{"", "/other"} {
		for _, how := range []string{"", "raise", "code", "spin"} {
			send(prefix+"/plain?how="+how, "", nil)
		}
		s.must(send(prefix+"/query?k="+url.QueryEscape(key)+"&"+url.QueryEscape(key), "", nil), 200)
		s.must(send(prefix+"/form", "a=1&PASSKEY="+url.QueryEscape(key), form), 200)
		s.must(send(prefix+"/header", `{"copy":"`+key+`"}`, map[string]string{"X-Own": key, "X-Copy": key}), 200)
		s.must(send(prefix+"/basic", "", basic), 200)
		for _, how := range []string{"raise", "fail"} {
			s.must(send(prefix+"/later?how="+how+"&k="+url.QueryEscape(key), key, nil), 202)
		}
		s.must(send(prefix+"/once?id=1", "", nil), 200)
		s.must(send(prefix+"/once?id=1", "", nil), 200)
		s.must(send(prefix+"/slow?k="+url.QueryEscape(key), "", nil), 200)
		s.must(send(prefix+"/slow?k="+url.QueryEscape(key), "", nil), 429)
	}
	if first := send("/once?id=1", "", nil); !strings.Contains(first.body, "sk_live") {
		t.Errorf("the repeat of an answer is not what the script answered: %s", first.body)
	}
	tested := s.call("POST", admin+"scripts/"+leaky+"/invoke", map[string]any{"request": map[string]any{"method": "POST", "path": "/", "body": key}}, nil)
	if wantHidden(t, "a test run", []byte(tested.body)); !strings.Contains(tested.body, "«secret:PASSWORD»") {
		t.Errorf("a test run answers %s", tested.body)
	}
	for list, want := range map[string]string{"outbox": "cannot sign in with «secret:PASSWORD»", "dead-letters": "no sign-in with «secret:PASSWORD»"} {
		eventually(t, want, func() bool { return strings.Contains(s.call("GET", admin+"apps/default/"+list, nil, nil).body, want) })
	}
	shown := 0
	for _, path := range []string{"apps/default/secrets", "apps/default/outbox", "apps/default/dead-letters", "apps/default/logs?limit=200", "apps/default/routes", "audit?limit=200", "scripts/" + leaky + "/logs?limit=200",
		"apps/default/logs?text=sk_live", "instance/stats"} {
		a := s.must(s.call("GET", admin+path, nil, nil), 200)
		wantHidden(t, path, []byte(a.body))
		shown += strings.Count(a.body, "«secret:API_KEY»")
	}
	if shown < 20 {
		t.Errorf("the records name the secret %d times only", shown)
	}
	for _, record := range s.records(leaky, 12) {
		wantHidden(t, "an execution", []byte(s.must(s.call("GET", admin+"executions/"+record.ID, nil, nil), 200).body))
	}
	backup := s.must(s.call("POST", admin+"instance/backup", nil, nil), 200)
	copied := filepath.Join(t.TempDir(), "backup.db")
	if err := os.WriteFile(copied, []byte(backup.body), 0o600); err != nil {
		t.Fatal(err)
	}
	wantHidden(t, "a backup", []byte(backup.body))
	wantHiddenDatabase(t, copied)
	wantHiddenFiles(t, s.dir)
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	wantHiddenFiles(t, s.dir)
	wantHiddenDatabase(t, filepath.Join(s.dir, "picloud.db"))
	wantHidden(t, "the server's log", []byte(s.log.String()))
}

// The key is changed on the box, with the server stopped; the stored answer to
// a delivery outlives that and a kill.
func TestRotateKeyOnTheBox(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	s.must(s.call("PUT", "/api/v1/admin/apps/default/secrets/TOKEN", map[string]string{"value": "first value"}, nil), 200)
	script := s.newScript("hook", `return secrets.get("TOKEN") .. ctx.execution_id`, nil)
	s.must(s.call("POST", "/api/v1/admin/scripts/"+script+"/routes",
		map[string]any{"method": "POST", "path": "/hook", "dedupe": map[string]any{"from": "query:id"}}, nil), 201)
	first := s.must(s.call("POST", "/hook?id=1", nil, nil), 200)
	rotate := func() (string, error) {
		out, err := exec.Command(binary, "admin", "rotate-key", "--data", s.dir).CombinedOutput()
		return string(out), err
	}
	if out, err := rotate(); err == nil || !strings.Contains(out, "stop it first") {
		t.Errorf("with a running server: %v: %s", err, out)
	}
	s.kill()
	if out, err := rotate(); err != nil || !strings.Contains(out, "Sealed 1 secrets") {
		t.Fatalf("%v: %s", err, out)
	}
	again := startServer(t, s.dir)
	again.token = s.token
	if repeat := again.must(again.call("POST", "/hook?id=1", nil, nil), 200); repeat.body != first.body {
		t.Errorf("first %s, after the kill %s", first.body, repeat.body)
	}
	if other := again.must(again.call("POST", "/hook?id=2", nil, nil), 200); !strings.HasPrefix(other.body, "first value") {
		t.Errorf("the secret is %s", other.body)
	}
	if err := again.stop(); err != nil {
		t.Fatal(err)
	}
	wrong := exec.Command(binary, "serve", "--addr", "127.0.0.1:0", "--data", s.dir)
	wrong.Env = []string{"PICLOUD_DEV_MODE=true"}
	if out, err := wrong.CombinedOutput(); err == nil || !strings.Contains(string(out), "is not the key") || !strings.Contains(string(out), "DEV MODE") {
		t.Errorf("with another key: %v: %s", err, out)
	}
}
