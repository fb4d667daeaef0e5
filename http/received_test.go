package http

import (
	"encoding/base64"
	nethttp "net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// returnReceived is a script that returns all it can know of its request, but
// for the body, which is what its sender put there on purpose.
const returnReceived = `
local r, lines = ctx.request, {}
local function add(t)
  for k, v in pairs(t) do lines[#lines + 1] = tostring(k) .. "=" .. (type(v) == "table" and table.concat(v, ",") or tostring(v)) end
end
add({ r.method, r.path, r.raw_target, r.host, r.scheme, r.remote_ip, r.rest })
add(r.headers) add(r.cookies) add(r.query) add(r.query_all) add(r.params)
for _, name in ipairs({ "cookie", "Authorization", "x-copy", "referer" }) do lines[#lines + 1] = tostring(r.headers[name]) end
lines[#lines + 1] = ctx.request_id
return table.concat(lines, "\n")`

// TestAScriptThatReturnsAllItReceivedShowsNoCredential puts a live session and
// a live key into every place where browsers, proxies and programs put one.
func TestAScriptThatReturnsAllItReceivedShowsNoCredential(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	id := serveScript(t, s, owner, "ANY /received/*", returnReceived)
	session := strings.TrimPrefix(owner["Authorization"], "Bearer ")
	key := field(t, mint(t, s, owner, `{"name":"k","scopes":["script:read"]}`), "raw_token")
	basic := func(user, password string) string {
		return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+password))
	}
	for _, token := range []string{session, key} {
		escaped := strings.NewReplacer("_", "%5F", "p", "%70").Replace(token)
		for place, header := range map[string]nethttp.Header{
			"bearer":                   {"Authorization": {"Bearer " + token}},
			"bearer in small letters":  {"Authorization": {"bearer  " + token}},
			"unknown scheme":           {"Authorization": {"Token token=" + token}},
			"no scheme":                {"Authorization": {token}},
			"user name":                {"Authorization": {basic(token, "")}},
			"password":                 {"Authorization": {basic("ada", token)}},
			"two headers":              {"Authorization": {"Basic eA==", "Bearer " + token}},
			"proxy's own":              {"Proxy-Authorization": {basic("x", token)}},
			"cookie":                   {"Cookie": {"picloud_session=" + token}},
			"cookie among others":      {"Cookie": {"a=1; picloud_session=" + token + "; b=2"}},
			"cookie over TLS":          {"Cookie": {"__Host-picloud_session=" + token}},
			"two of the cookie":        {"Cookie": {"picloud_session=" + token + "; picloud_session=" + token}},
			"two lines of cookies":     {"Cookie": {"a=1", "picloud_session=" + token}},
			"cookie of another name":   {"Cookie": {"session=" + token}},
			"cookies by commas":        {"Cookie": {"a=1, picloud_session=" + token}},
			"proxy's copy":             {"X-Forwarded-Authorization": {"Bearer " + token}},
			"copy of the cookies":      {"X-Original-Cookie": {"picloud_session=" + token}},
			"copy of the URL":          {"X-Original-Url": {"/x?token=" + token}, "X-Rewrite-Url": {"/x?token=" + escaped}},
			"key header":               {"X-Api-Key": {token}},
			"referer":                  {"Referer": {"http://pi/admin/?token=" + token}},
			"socket":                   {"Sec-Websocket-Protocol": {"bearer, " + token}},
			"capitals":                 {"X-Copy": {strings.ToUpper(token)}},
			"escaped":                  {"X-Copy": {escaped}},
			"request id":               {"X-Request-Id": {token}},
			"password without padding": {"Authorization": {strings.TrimRight(basic("ad", token), "=")}},
			"password in base64url":    {"Authorization": {"Basic " + base64.URLEncoding.EncodeToString([]byte("\xff\xfe?>:"+token))}},
			"password after a tab":     {"Authorization": {strings.Replace(basic("ada", token), " ", "\t", 1)}},
			"password in a copy":       {"X-Original-Auth": {basic("ada", token)}},
		} {
			r := httptest.NewRequest("POST", "/received/x?a=1", nil)
			r.Header = header
			wantNothingOf(t, s, place, r, token)
		}
		for _, query := range []string{"token=" + token, "a=1&Authorization=Bearer+" + token, "a=" + escaped, token, "x[" + token + "]=1", "u=" + url.QueryEscape("http://x/?t="+token)} {
			for _, base := range []string{"", "http://pi"} {
				wantNothingOf(t, s, query, httptest.NewRequest("GET", base+"/received/x?"+query, nil), token)
			}
		}
		for _, path := range []string{"/received/" + token, "/received/" + escaped, "/received/a;" + token + "/b"} {
			w := request(t, s, "GET", path, "", nil)
			wantError(t, w, 400, "credential_in_path")
		}
		executed := request(t, s, "GET", "/api/v1/execute/"+id+"?t="+token, "", map[string]string{"Authorization": "Bearer " + token})
		if executed.Code != 200 || strings.Contains(executed.Body.String(), token) {
			t.Errorf("execute: %d %s", executed.Code, executed.Body)
		}
		if logs := request(t, s, "GET", adminPrefix+"scripts/"+id+"/logs", "", owner); strings.Contains(logs.Body.String(), token) {
			t.Error("a credential is in the log")
		}
	}
}

func wantNothingOf(t *testing.T, s *testServer, place string, r *nethttp.Request, token string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, r)
	shown := w.Body.String()
	if unescaped, err := url.PathUnescape(shown); err == nil {
		shown += unescaped
	}
	if w.Code != 200 || strings.Contains(strings.ToLower(shown), strings.ToLower(token)) {
		t.Errorf("%s: %d, the script saw %s", place, w.Code, w.Body)
	}
}

// A path with a credential is refused before anything is looked up, and the
// server's own log does not keep it either.
func TestACredentialInAPathIsNotLogged(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	id := serveScript(t, s, owner, "GET /off/*", "return 1")
	wantStatus(t, request(t, s, "PATCH", adminPrefix+"scripts/"+id, `{"enabled":false}`, owner), 200)
	wantError(t, request(t, s, "GET", "/off/there", "", nil), 503, "script_disabled")
	for _, path := range []string{"/off/" + someKey, "/off/" + someSession, "/nowhere/" + someKey} {
		wantError(t, request(t, s, "GET", path, "", nil), 400, "credential_in_path")
	}
	if log := s.log.String(); strings.Contains(log, someKey) || strings.Contains(log, someSession) {
		t.Errorf("the server's log holds a credential:\n%s", log)
	}
}
