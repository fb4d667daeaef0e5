package sdk_test

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"

	"picloud/runtime"
	"picloud/runtime/egress"
	"picloud/runtime/sdk"
	"picloud/store"
)

// newOpenBench is a bench whose scripts may call this machine.
func newOpenBench(t *testing.T) *bench {
	t.Helper()
	return newBenchWith(t, sdk.ModulesWith(sdk.Outside{Client: egress.New(egress.Config{Version: "1", AllowPrivate: true})}))
}

func (b *bench) script(source string, change func(*store.ScriptDraft)) *store.Script {
	b.t.Helper()
	b.count++
	draft := store.ScriptDraft{Name: fmt.Sprint("outside-", b.count), Source: source}
	if change != nil {
		change(&draft)
	}
	script, err := b.store.CreateScript(context.Background(), b.app.ID, draft)
	if err != nil {
		b.t.Fatal(err)
	}
	return b.store.Catalog().Scripts[script.ID]
}

// wantBody runs a source with {server} in it and compares the answer.
func (b *bench) wantBody(server, source, want string) {
	b.t.Helper()
	result := b.run(strings.ReplaceAll(source, "{server}", server))
	if result.Err != nil || string(result.Body) != want {
		b.t.Errorf("%s\n gave %q, %v; want %q", source, result.Body, result.Err, want)
	}
}

// listener counts who connects.
func listener(t *testing.T) (port string, seen *atomic.Int64) {
	t.Helper()
	trap, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	seen = &atomic.Int64{}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := trap.Accept()
			if err != nil {
				return
			}
			seen.Add(1)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = trap.Close(); <-done })
	return fmt.Sprint(trap.Addr().(*net.TCPAddr).Port), seen
}

// spellings are the rows of testdata/egress/urls.txt that need no name server.
func spellings(t *testing.T, port string) (urls, verdicts []string) {
	t.Helper()
	file, err := os.Open("../../testdata/egress/urls.txt")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	for scanner := bufio.NewScanner(file); scanner.Scan(); {
		verdict, quoted, found := strings.Cut(scanner.Text(), "\t")
		var target string
		if !found || json.Unmarshal([]byte(quoted), &target) != nil || verdict == "open" || verdict == "dns" {
			continue
		}
		if named := strings.Contains(strings.ToLower(target), ".test") || strings.Contains(target, "LocalHost."); verdict != "invalid" && named {
			continue
		}
		urls, verdicts = append(urls, strings.ReplaceAll(target, "{port}", port)), append(verdicts, verdict)
	}
	return urls, verdicts
}

// Every spelling from a script, however it was started: the same category, and
// a listener that sees no connection.
func TestURLsFromRequestsAndTriggers(t *testing.T) {
	t.Parallel()
	port, seen := listener(t)
	urls, verdicts := spellings(t, port)
	if len(urls) < 200 {
		t.Fatalf("only %d spellings", len(urls))
	}
	list, err := json.Marshal(urls)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t)
	script := b.script(fmt.Sprintf(`local urls = json.decode(%q)
		local found = json.array()
		for i, url in ipairs(urls) do
		  for _, call in ipairs({ http.get, http.post }) do
		    local ok, message = pcall(call, url)
		    found[#found + 1] = ok and "open" or message
		  end
		end
		return found`, strings.ReplaceAll(string(list), `\u0000`, "")), nil)
	request := &runtime.Request{Method: "GET", Path: "/", Header: http.Header{}}
	for kind, start := range map[string]runtime.Invocation{
		"a route": {Kind: runtime.KindHTTP, Request: request}, "execute": {Kind: runtime.KindExecute, Request: request}, "a test": {Kind: runtime.KindTest, Request: request},
		"an asynchronous route": {Kind: runtime.KindHTTP, Request: request, Background: true},
		"cron":                  {Kind: runtime.KindTrigger, Background: true, Event: &runtime.Event{Event: store.Event{Kind: "cron", Data: []byte("{}")}}},
		"a change":              {Kind: runtime.KindTrigger, Background: true, Event: &runtime.Event{Event: store.Event{Kind: "kv", Data: []byte("{}")}}},
	} {
		start.Script = script
		result := b.engine.Run(t.Context(), &start)
		var found []string
		if result.Err != nil || json.Unmarshal(result.Body, &found) != nil {
			t.Fatalf("%s: %v", kind, result.Err)
		}
		for i, message := range found {
			want := "(url)"
			if verdict := verdicts[i/2]; verdict != "invalid" {
				want = verdict + ": "
			}
			if !strings.Contains(message, want) {
				t.Errorf("%s, %s: %s, want %s", kind, urls[i/2], message, want)
			}
		}
	}
	if n := seen.Load(); n != 0 {
		t.Errorf("%d connections", n)
	}
}

func TestHTTPSendsWhatItIsGiven(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		switch r.URL.Path {
		case "/text":
			_, _ = w.Write(body)
		case "/broken":
			w.Header().Set("Content-Type", "application/json")
			_, _ = w.Write([]byte("{"))
		case "/missing":
			w.WriteHeader(404)
		default:
			w.Header().Set("Content-Type", "application/vnd.own+json; charset=utf-8")
			w.Header().Add("X-Twice", "a")
			w.Header().Add("X-Twice", "b")
			user, password, _ := r.BasicAuth()
			_, _ = fmt.Fprintf(w, `{"method":%q,"url":%q,"type":%q,"body":%q,"x":%q,"auth":%q}`, r.Method, r.URL.String(), r.Header.Get("Content-Type"), body, fmt.Sprint(r.Header["X-A"]), user+password)
		}
	}))
	t.Cleanup(server.Close)
	b := newOpenBench(t)
	for source, want := range map[string]string{
		`return http.get("{server}/a").body.method`:                                                                              "GET",
		`return http.delete("{server}/a").body.method`:                                                                           "DELETE",
		`return http.head("{server}/a").body`:                                                                                    "",
		`return http.request("report", "{server}/a", "x").body.method`:                                                           "REPORT",
		`return http.get("{server}/a?x=1", { query = { b = { 1, "ä" }, a = true } }).body.url`:                                   "/a?x=1&a=true&b=1&b=%C3%A4",
		`return http.get("{server}/a#part", {}).url`:                                                                             server.URL + "/a",
		`local b = http.post("{server}", { on = true }).body return b.type .. b.body`:                                            `application/json{"on":true}`,
		`local b = http.put("{server}", json.array()).body return b.type .. b.body`:                                              `application/json[]`,
		`local b = http.patch("{server}", "hi").body return b.type .. b.body`:                                                    `text/plain; charset=utf-8hi`,
		`local b = http.post("{server}", "a: 1", { headers = { ["Content-Type"] = "text/yaml" } }).body return b.type .. b.body`: `text/yamla: 1`,
		`local b = http.post("{server}", nil, { form = { a = "1 2", b = { 3, 4 } } }).body return b.type .. b.body`:              `application/x-www-form-urlencodeda=1+2&b=3&b=4`,
		`local b = http.post("{server}").body return b.type .. "|" .. b.body`:                                                    `|`,
		`return http.get("{server}", { headers = { ["x-a"] = { "1", 2 } } }).body.x`:                                             `[1 2]`,
		`return http.get("{server}", { auth = { user = "me", password = "pw" } }).body.auth`:                                     "mepw",
		`return http.get("{server}").headers["x-twice"]`:                                                                         "a, b",
		`return type(http.get("{server}", { json = false }).body)`:                                                               "string",
		`local r = http.post("{server}/text", "\0\255\n") return tostring(r.body == "\0\255\n" and r.body_raw == r.body)`:        "true",
		`return http.get("{server}/broken").body`:                                                                                "{",
		`return tostring(http.get("{server}/missing").status)`:                                                                   "404",
		`return select(2, pcall(http.post, "{server}/text", "12345678901", { max_bytes = 10 }))`:                                 `http.post: too_large: the answer is over 10 bytes`,
		`return http.post("{server}/text", "1234567890", { max_bytes = 10 }).body`:                                               "1234567890",
	} {
		b.wantBody(server.URL, source, want)
	}
}

// A device that asks for a digest, as Shelly's second generation does.
func TestHTTPDigest(t *testing.T) {
	t.Parallel()
	hash := func(text string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(text))) }
	var requests atomic.Int64
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		requests.Add(1)
		body, _ := io.ReadAll(r.Body)
		given := map[string]string{}
		for field := range strings.SplitSeq(strings.TrimPrefix(r.Header.Get("Authorization"), "Digest "), ", ") {
			name, value, _ := strings.Cut(field, "=")
			given[name] = strings.Trim(value, `"`)
		}
		secret := hash("admin:shelly-1:secret")
		want := hash(secret + ":6789:" + given["nc"] + ":" + given["cnonce"] + ":auth:" + hash(r.Method+":"+r.URL.RequestURI()))
		if given["response"] != want || given["algorithm"] != "SHA-256" || given["uri"] != r.URL.RequestURI() {
			w.Header().Set("WWW-Authenticate", `Digest qop="auth", realm="shelly-1", nonce="6789", algorithm=SHA-256`)
			w.WriteHeader(401)
			return
		}
		_, _ = w.Write(body)
	}))
	t.Cleanup(server.Close)
	b := newOpenBench(t)
	call := `local r = http.post("{server}/rpc?x=1", { id = 1 }, { auth = { user = "admin", password = %q, digest = true } }) return r.status .. r.body`
	b.wantBody(server.URL, fmt.Sprintf(call, "secret"), `200{"id":1}`)
	b.wantBody(server.URL, fmt.Sprintf(call, "wrong"), "401")
	if n := requests.Load(); n != 4 {
		t.Errorf("%d requests, want 4", n)
	}
}

// A failure can be caught, the script's own deadline cannot.
func TestHTTPAndTheScriptsLimits(t *testing.T) {
	t.Parallel()
	silent := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	t.Cleanup(silent.Close)
	large := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(make([]byte, 3<<20)) }))
	t.Cleanup(large.Close)
	b := newOpenBench(t)
	b.wantBody(silent.URL, `local ok, message = pcall(http.get, "{server}", { timeout_ms = 50 }) return message`, "http.get: timeout: no complete answer in time")
	limit := func(n int64) *int64 { return &n }
	for name, c := range map[string]struct {
		server, source, code string
		change               func(*store.ScriptDraft)
	}{
		"deadline":  {silent.URL, `pcall(http.get, "{server}") return "survived"`, "timeout", func(d *store.ScriptDraft) { d.TimeoutMS = limit(200) }},
		"SDK calls": {large.URL, `for i = 1, 5 do pcall(http.head, "{server}") end return "survived"`, "sdk_call_limit", func(d *store.ScriptDraft) { d.Limits.SDKCalls = limit(3) }},
		"memory":    {large.URL, `local all = {} for i = 1, 9 do all[i] = http.get("{server}").body end return #all`, "memory_limit", nil},
	} {
		script := b.script(strings.ReplaceAll(c.source, "{server}", c.server), c.change)
		result := b.engine.Run(t.Context(), &runtime.Invocation{Script: script, Kind: runtime.KindTrigger})
		if result.Err == nil || result.Err.Code != c.code {
			t.Errorf("%s: %v %q", name, result.Err, result.Body)
		}
	}
	short := b.script(strings.ReplaceAll(`return select(2, pcall(http.get, "{server}"))`, "{server}", large.URL), func(d *store.ScriptDraft) { d.Limits.StringBytes = limit(1 << 20) })
	result := b.engine.Run(t.Context(), &runtime.Invocation{Script: short, Kind: runtime.KindTrigger})
	if result.Err != nil || string(result.Body) != "http.get: too_large: the answer is over 1048576 bytes" {
		t.Errorf("a body over the longest string: %v %q", result.Err, result.Body)
	}
}

// From the line that a blocked call leaves to the grant that opens it, and back.
func TestGrantsOpenWhatTheirScriptMayCall(t *testing.T) {
	t.Parallel()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("hello")) }))
	t.Cleanup(server.Close)
	b := newBench(t)
	source := `return http.get("` + server.URL + `").body`
	lamp, other := b.script(source, nil), b.script(source, nil)
	run := func(script *store.Script) *runtime.Result {
		return b.engine.Run(t.Context(), &runtime.Invocation{Script: script, Kind: runtime.KindTest})
	}
	result := run(lamp)
	if result.Err == nil || !strings.Contains(result.Err.Message, "blocked:loopback") || strings.Contains(result.Err.Message, "127.0.0.1") {
		t.Fatalf("%v", result.Err)
	}
	line := result.Execution.Logs[0]
	var noted struct {
		Category, Host string
		Port           int
		Grantable      bool
	}
	if err := json.Unmarshal(line.Data, &noted); err != nil || line.Level != "warn" || !noted.Grantable || noted.Category != "blocked:loopback" {
		t.Fatalf("%+v %s", line, line.Data)
	}
	grant, err := b.store.CreateGrant(t.Context(), lamp.ID, store.GrantDraft{Host: noted.Host, Port: noted.Port, CreatedBy: "ada"})
	if err != nil {
		t.Fatal(err)
	}
	if result := run(lamp); result.Err != nil || string(result.Body) != "hello" {
		t.Errorf("granted: %v", result.Err)
	}
	if result := run(other); result.Err == nil {
		t.Error("another script's grant opened it")
	}
	if err := b.store.DeleteGrant(t.Context(), grant.ID); err != nil {
		t.Fatal(err)
	}
	if result := run(lamp); result.Err == nil || !strings.Contains(result.Err.Message, "blocked:loopback") {
		t.Errorf("a grant that is gone, with a connection left in the pool: %v", result.Err)
	}
}

// What the store takes as a grant is what the client can open.
func TestGrantsMeanTheSameToStoreAndClient(t *testing.T) {
	t.Parallel()
	b := newBench(t)
	script := b.script("return 1", nil)
	for i, host := range []string{
		"10.0.0.0/8", "10.1.2.3", "127.0.0.1", "172.16.0.0/12", "192.168.1.0/24", "100.64.0.1", "::1", "fd00::/8", "printer.local", "a_b", "::ffff:10.0.0.1",
		"0.0.0.0", "169.254.1.1", "224.0.0.1", "255.255.255.255", "::", "fe80::1", "ff02::1", "127.1", "0x7f.1", "1", "a..b", "", "a/b", "10.0.0.0/33", "fd00::1%eth0", "64:ff9b::a00:1",
	} {
		made, err := b.store.CreateGrant(t.Context(), script.ID, store.GrantDraft{Host: host, Port: i + 1})
		if err == nil {
			host = made.Host
		}
		if _, opened := egress.NewOpening(host, i+1); (err == nil) != (opened == nil) {
			t.Errorf("%q: the store says %v, the client %v", host, err, opened)
		}
	}
}
