package http

import (
	"net/http/httptest"
	"sync"
	"testing"
)

// patchTogether sends both bodies to one target at the same time.
func patchTogether(t *testing.T, s *testServer, owner map[string]string, target string, bodies [2]string) {
	t.Helper()
	var answers [2]*httptest.ResponseRecorder
	var ready, done sync.WaitGroup
	ready.Add(len(bodies))
	for i, body := range bodies {
		done.Go(func() {
			ready.Done()
			ready.Wait()
			answers[i] = request(t, s, "PATCH", target, body, owner)
		})
	}
	done.Wait()
	for _, w := range answers {
		wantStatus(t, w, 200)
	}
}

// wantFields checks what a GET or PATCH shows.
func wantFields(t *testing.T, w *httptest.ResponseRecorder, want map[string]string) {
	t.Helper()
	wantStatus(t, w, 200)
	for path, value := range want {
		if got := field(t, w, path); got != value {
			t.Errorf("%s is %s, want %s", path, got, value)
		}
	}
}

const patchRounds = 50

func TestChangesOfAScriptAtTheSameTimeAllSurvive(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	target := adminPrefix + "scripts/" + newScript(t, s, owner, "greet", "return 1")
	for range patchRounds {
		wantStatus(t, request(t, s, "PATCH", target, `{"timeout_ms":null,"limits":null}`, owner), 200)
		patchTogether(t, s, owner, target, [2]string{`{"limits":{"instructions":5000}}`, `{"timeout_ms":500,"limits":{"call_depth":50}}`})
		wantFields(t, request(t, s, "GET", target, "", owner), map[string]string{
			"limits.instructions": "5000", "limits.call_depth": "50", "limits.sdk_calls": "null", "timeout_ms": "500"})
	}
}

func TestChangesOfARouteAtTheSameTimeAllSurvive(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "greet", "return 1")
	made := request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes", `{"method":"GET","path":"/x"}`, owner)
	wantStatus(t, made, 201)
	target := adminPrefix + "routes/" + field(t, made, "id")
	for _, c := range []struct {
		back   string
		bodies [2]string
		want   map[string]string
	}{
		{`{"method":"GET","path":"/x"}`, [2]string{`{"method":"POST"}`, `{"path":"/y/*"}`},
			map[string]string{"method": "POST", "path": "/y/*", "path_kind": "prefix"}},
		{`{"local_only":false,"rate_limit":null}`, [2]string{`{"local_only":true}`, `{"rate_limit":{"per_minute":5}}`},
			map[string]string{"local_only": "true", "rate_limit.per_minute": "5"}},
	} {
		for range patchRounds {
			wantStatus(t, request(t, s, "PATCH", target, c.back, owner), 200)
			patchTogether(t, s, owner, target, c.bodies)
			listed := request(t, s, "GET", adminPrefix+"scripts/"+script+"/routes", "", owner)
			want := map[string]string{}
			for path, value := range c.want {
				want["items."+path] = value
			}
			wantFields(t, listed, want)
		}
	}
}

func TestChangesOfATriggerAtTheSameTimeAllSurvive(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	target := adminPrefix + "triggers/" + newTrigger(t, s, owner, "kv", `"kv":{"collection":"a"}`)
	back := `{"name":"t","retry":{"max_attempts":5,"base_ms":1000},"kv":{"collection":"a","key_prefix":"","ops":[]}}`
	for range patchRounds {
		wantStatus(t, request(t, s, "PATCH", target, back, owner), 200)
		patchTogether(t, s, owner, target, [2]string{`{"retry":{"max_attempts":7},"kv":{"key_prefix":"k"}}`, `{"retry":{"base_ms":5},"kv":{"collection":"b","ops":["delete"]}}`})
		wantFields(t, request(t, s, "GET", target, "", owner), map[string]string{"name": "t", "retry.max_attempts": "7", "retry.base_ms": "5",
			"kv.collection": "b", "kv.key_prefix": "k", "kv.ops": `["delete"]`})
	}
}

// newTrigger makes a trigger called t for a new script; rule is the object of its kind.
func newTrigger(t *testing.T, s *testServer, owner map[string]string, kind, rule string) string {
	t.Helper()
	script := newScript(t, s, owner, kind+"-handler", "return 1")
	made := request(t, s, "POST", adminPrefix+"apps/default/triggers/"+kind, `{"script_id":"`+script+`","name":"`+kind+`",`+rule+`}`, owner)
	wantStatus(t, made, 201)
	return field(t, made, "id")
}

// A change of a rule leaves what it does not name as it was.
func TestAChangeOfARuleKeepsTheRest(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	cron := "triggers/" + newTrigger(t, s, owner, "cron", `"cron":{"schedule":"0 7 * * *","timezone":"Europe/Vienna"}`)
	kv := "triggers/" + newTrigger(t, s, owner, "kv", `"kv":{"collection":"a","key_prefix":"k","ops":["insert"]}`)
	docs := "triggers/" + newTrigger(t, s, owner, "docs", `"docs":{"collection":"a","ops":["insert"]}`)
	play(t, s, owner, []scenario{
		{"schedule", "PATCH", cron, `{"cron":{"schedule":"0 8 * * *"}}`, 200, map[string]string{"cron.schedule": "0 8 * * *", "cron.timezone": "Europe/Vienna"}},
		{"zone", "PATCH", cron, `{"cron":{"timezone":"Asia/Kathmandu"}}`, 200, map[string]string{"cron.schedule": "0 8 * * *", "cron.timezone": "Asia/Kathmandu"}},
		{"no schedule", "PATCH", cron, `{"cron":{"schedule":""}}`, 422, map[string]string{"error.code": "bad_schedule", "error.details.field": "cron.schedule"}},
		{"UTC", "PATCH", cron, `{"cron":{"timezone":""}}`, 200, map[string]string{"cron.schedule": "0 8 * * *", "cron.timezone": "UTC"}},
		{"ops", "PATCH", kv, `{"kv":{"ops":["delete"]}}`, 200, map[string]string{"kv.collection": "a", "kv.key_prefix": "k", "kv.ops": `["delete"]`}},
		{"prefix", "PATCH", kv, `{"kv":{"key_prefix":""}}`, 200, map[string]string{"kv.collection": "a", "kv.ops": `["delete"]`}},
		{"no collection", "PATCH", kv, `{"kv":{"collection":""}}`, 422, map[string]string{"error.details.field": "kv.collection"}},
		{"collection", "PATCH", docs, `{"docs":{"collection":"b"}}`, 200, map[string]string{"docs.collection": "b", "docs.ops": `["insert"]`}},
		{"another kind", "PATCH", docs, `{"kv":{"collection":"b"}}`, 422, map[string]string{"error.details.field": "kv"}},
		{"no such", "PATCH", "triggers/01890a5d-ac96-774b-bcce-b302099a8057", `{"kv":{}}`, 404, nil},
	})
}

func TestAChangeIsCheckedOverTheStoredOne(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "greet", "return 1")
	made := request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes", `{"method":"GET","path":"/x"}`, owner)
	wantStatus(t, made, 201)
	one, route := "scripts/"+script, "routes/"+field(t, made, "id")
	play(t, s, owner, []scenario{
		{"limit", "PATCH", one, `{"limits":{"instructions":2000000000}}`, 422, map[string]string{"error.code": "limit_over_ceiling", "error.details.field": "limits.instructions"}},
		{"timeout", "PATCH", one, `{"timeout_ms":0}`, 422, map[string]string{"error.code": "limit_not_positive", "error.details.field": "timeout_ms"}},
		{"path", "PATCH", route, `{"path":"/admin/x"}`, 422, map[string]string{"error.code": "reserved_path"}},
		{"kind against path", "PATCH", route, `{"path_kind":"prefix"}`, 422, map[string]string{"error.details.field": "path_kind"}},
		{"mode", "PATCH", route, `{"dispatch_mode":"later"}`, 422, map[string]string{"error.details.field": "dispatch_mode"}},
		{"nothing saved", "GET", one, "", 200, map[string]string{"version": "1", "limits.instructions": "null", "timeout_ms": "null"}},
		{"kind follows", "PATCH", route, `{"path":"/x/:id","host":"pi.local"}`, 200, map[string]string{"path_kind": "param", "host_kind": "strict"}},
		{"no guard", "PATCH", route, `{"rate_limit":null}`, 200, map[string]string{"rate_limit": "null", "path_kind": "param"}},
	})
}

func TestVersionNoticesEverySave(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	one := "scripts/" + newScript(t, s, owner, "greet", "return 1")
	stale := map[string]string{"error.code": "stale_version", "error.details.version": "2"}
	play(t, s, owner, []scenario{
		{"one switches it off", "PATCH", one, `{"enabled":false,"version":1}`, 200, map[string]string{"version": "2", "source": "return 1"}},
		{"another's flag", "PATCH", one, `{"description":"x","version":1}`, 409, stale},
		{"another's source", "PATCH", one, `{"source":"return 2","version":1}`, 409, stale},
		{"nothing changes", "PATCH", one, `{"enabled":false,"source":"return 1","version":2}`, 200, map[string]string{"version": "2"}},
		{"its version", "GET", one + "/versions/2", "", 200, map[string]string{"source": "return 1", "created_by": testUsername}},
		{"limits", "PATCH", one, `{"limits":{"sdk_calls":5}}`, 200, map[string]string{"version": "3"}},
		{"the same limits", "PATCH", one, `{"limits":{"sdk_calls":5}}`, 200, map[string]string{"version": "3"}},
		{"back to the same source", "POST", one + "/rollback", `{"version":1}`, 200, map[string]string{"version": "4", "source": "return 1"}},
	})
}
