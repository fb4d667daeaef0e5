package main_test

import (
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"picloud/runtime"
	"picloud/runtime/sdk"
)

var update = flag.Bool("update", false, "take the golden pictures again")

// checkPicture compares what a surface looks like now with its picture in
// testdata/golden. A difference is either a mistake or a reason to raise the
// surface's version number (docs/versioning.md) and take the picture again.
func checkPicture(t *testing.T, name, now string) {
	t.Helper()
	file := "testdata/golden/" + name
	if *update {
		if err := os.WriteFile(file, []byte(now), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	picture, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(picture), now); difference != "" {
		t.Errorf("%s changed; raise its version if clients or scripts can see it, then run with -update (- picture, + now):\n%s", name, difference)
	}
}

// TestSurfaceSDK holds what scripts see: every global, every field of ctx, and
// every function of the SDK with its parameters.
func TestSurfaceSDK(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	script := s.newScript("surface", surfaceScript, nil)
	var seen struct{ Names []string }
	s.must(s.call("POST", "/api/v1/execute/"+script, nil, &seen), 200)
	var b strings.Builder
	fmt.Fprintf(&b, "sdk %s\n\n", runtime.SDKVersion)
	for _, name := range seen.Names {
		fmt.Fprintln(&b, name)
	}
	b.WriteString("\n")
	for _, module := range runtime.Describe(sdk.Modules()).Modules {
		for _, function := range module.Functions {
			fmt.Fprintf(&b, "%s.%s(%s)\n", module.Name, function.Name, pictured(function.Params))
		}
		for _, kind := range module.Types {
			sign := map[bool]string{true: ":", false: "."}[kind.Colon]
			for _, method := range kind.Methods {
				fmt.Fprintf(&b, "%s%s%s(%s)\n", kind.Name, sign, method.Name, pictured(method.Params))
			}
		}
	}
	checkPicture(t, "sdk.txt", b.String())
}

// pictured is a list of parameters or options with their types.
func pictured(params []runtime.ParamDoc) string {
	var list []string
	for _, p := range params {
		optional := ""
		if p.Optional {
			optional = "?"
		}
		text := p.Name + optional + ": " + p.Type
		if len(p.Fields) > 0 {
			text += "{" + pictured(p.Fields) + "}"
		}
		list = append(list, text)
	}
	return strings.Join(list, ", ")
}

// surfaceScript lists the globals, what library tables hold, and ctx's fields.
const surfaceScript = `
local names = {"ctx: " .. type(ctx)}
local function list(prefix, t)
  for name, value in pairs(t) do
    names[#names + 1] = prefix .. name .. ": " .. type(value)
    if prefix == "" and type(value) == "table" and name ~= "_G" then list(name .. ".", value) end
  end
end
list("", _G)
for _, gone in ipairs{"io", "debug", "dofile", "loadfile", "load", "loadstring", "package", "newproxy", "module", "getfenv", "setfenv", "channel"} do
  names[#names + 1] = gone .. ": " .. type(_G[gone])
end
for _, field in ipairs{"execution_id", "request_id", "script_id", "script_name", "app", "sdk_version", "invocation_type", "deadline_ms", "request", "event"} do
  names[#names + 1] = "ctx." .. field .. ": " .. type(ctx[field])
end
for _, field in ipairs{"method", "path", "raw_target", "host", "scheme", "remote_ip", "headers", "cookies", "query", "query_all", "params", "rest", "body", "body_raw", "is_json"} do
  names[#names + 1] = "ctx.request." .. field .. ": " .. type(ctx.request[field])
end
table.sort(names)
return {names = names}`

// TestSurfaceAPI holds the shapes of the API's answers: field names and types.
func TestSurfaceAPI(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	var b strings.Builder
	picture := func(method, path, shown string, body any) string {
		a := s.call(method, path, body, nil)
		fmt.Fprintf(&b, "%s %s → %d %s\n", method, shown, a.status, shapeOf(t, a.body))
		var identified struct{ ID string }
		if a.body != "" && json.Unmarshal([]byte(a.body), &identified) != nil {
			return ""
		}
		return identified.ID
	}
	admin := "/api/v1/admin/"
	call := func(method, path, shown string, body any) string { return picture(method, admin+path, shown, body) }

	picture("GET", "/version", "/version", nil)
	call("GET", "apps", "apps (no credential)", nil)
	s.claim()
	login := map[string]any{"username": "ada", "password": "correct horse battery"}
	call("POST", "auth/login", "auth/login", login)
	login["cookie"] = true
	call("POST", "auth/login", "auth/login (cookie)", login)
	call("GET", "auth/me", "auth/me", nil)
	app := call("POST", "apps", "apps", map[string]string{"slug": "home", "name": "Home"})
	call("GET", "apps", "apps", nil)
	call("PATCH", "apps/home", "apps/{app}", map[string]string{"description": "the house"})
	call("GET", "apps/"+app, "apps/{app}", nil)
	call("PUT", "apps/home/sandbox", "apps/{app}/sandbox (without accept_risk)", map[string]bool{"lifted": true})
	call("PUT", "apps/home/sandbox", "apps/{app}/sandbox", map[string]bool{"lifted": true, "accept_risk": true})
	draft := map[string]any{"name": "hello", "source": helloScript}
	script := call("POST", "apps/home/scripts", "apps/{app}/scripts", draft)
	call("POST", "apps/home/scripts", "apps/{app}/scripts (again)", draft)
	call("GET", "scripts", "scripts", nil)
	call("GET", "apps/home/scripts", "apps/{app}/scripts", nil)
	call("GET", "scripts/"+script, "scripts/{id}", nil)
	call("PATCH", "scripts/"+script, "scripts/{id}", map[string]any{"source": "return 2", "version": 1})
	call("PATCH", "scripts/"+script, "scripts/{id} (stale)", map[string]any{"source": "return 3", "version": 1})
	call("PATCH", "scripts/"+script, "scripts/{id} (syntax error)", map[string]any{"source": "return ="})
	call("GET", "scripts/"+script+"/versions", "scripts/{id}/versions", nil)
	call("GET", "scripts/"+script+"/versions/1", "scripts/{id}/versions/{n}", nil)
	call("POST", "scripts/"+script+"/rollback", "scripts/{id}/rollback", map[string]int{"version": 1})
	call("POST", "scripts:check", "scripts:check", map[string]string{"source": "return ="})
	call("GET", "sdk", "sdk", nil)
	route := call("POST", "scripts/"+script+"/routes", "scripts/{id}/routes", map[string]string{"method": "GET", "path": "/hello"})
	call("POST", "scripts/"+script+"/routes", "scripts/{id}/routes (again)", map[string]string{"method": "GET", "path": "/hello"})
	call("GET", "scripts/"+script+"/routes", "scripts/{id}/routes", nil)
	call("GET", "apps/home/routes", "apps/{app}/routes", nil)
	call("POST", "routes:check", "routes:check", map[string]string{"method": "GET", "path": "/hello"})
	call("POST", "routes:match", "routes:match", map[string]string{"method": "GET", "url": "/hello"})
	call("PATCH", "routes/"+route, "routes/{id}", map[string]string{"path": "/hello/:name"})
	call("PUT", "apps/home/secrets/TOKEN", "apps/{app}/secrets/{name}", map[string]string{"value": "a secret value"})
	call("GET", "apps/home/secrets", "apps/{app}/secrets", nil)
	guards := map[string]any{"verify": map[string]any{"provider": "slack", "secret": "TOKEN", "tolerance_s": 60}, "dedupe": map[string]any{"from": "body:id"},
		"rate_limit": map[string]any{"per_minute": 5}, "local_only": true}
	call("PATCH", "routes/"+route, "routes/{id} (guards)", guards)
	call("DELETE", "apps/home/secrets/TOKEN", "apps/{app}/secrets/{name} (in use)", nil)
	call("PATCH", "routes/"+route, "routes/{id} (no guards)", map[string]any{"verify": nil, "dedupe": nil, "rate_limit": nil, "local_only": false})
	call("DELETE", "apps/home/secrets/TOKEN", "apps/{app}/secrets/{name}", nil)
	invocation := map[string]any{"request": map[string]any{"method": "GET", "path": "/hello"}}
	call("POST", "scripts/"+script+"/invoke", "scripts/{id}/invoke", invocation)
	execution := s.records(script, 1)[0].ID
	grant := call("POST", "scripts/"+script+"/grants", "scripts/{id}/grants", map[string]any{"host": "printer.local", "port": 631})
	call("POST", "scripts/"+script+"/grants", "scripts/{id}/grants (again)", map[string]any{"host": "printer.local", "port": 631})
	call("GET", "scripts/"+script+"/grants", "scripts/{id}/grants", nil)
	call("DELETE", "grants/"+grant, "grants/{id}", nil)
	call("GET", "scripts/"+script+"/logs", "scripts/{id}/logs", nil)
	call("GET", "apps/home/logs", "apps/{app}/logs", nil)
	call("GET", "executions/"+execution, "executions/{id}", nil)
	listener := map[string]any{"script_id": script, "name": "listen", "topic": map[string]string{"filter": "home/#"}}
	trigger := call("POST", "apps/home/triggers/topic", "apps/{app}/triggers/{kind}", listener)
	call("POST", "apps/home/triggers/topic", "apps/{app}/triggers/{kind} (again)", listener)
	clock := map[string]any{"script_id": script, "name": "clock", "cron": map[string]string{"schedule": "0 0 1 1 *"}}
	cron := call("POST", "apps/home/triggers/cron", "apps/{app}/triggers/cron", clock)
	call("GET", "apps/home/triggers", "apps/{app}/triggers", nil)
	call("GET", "triggers/"+trigger, "triggers/{id}", nil)
	call("PATCH", "triggers/"+trigger, "triggers/{id}", map[string]any{"enabled": false})
	call("POST", "triggers/"+trigger+"/fire", "triggers/{id}/fire", nil)
	call("POST", "triggers:preview", "triggers:preview", map[string]string{"schedule": "@daily", "timezone": "Europe/Vienna"})
	call("GET", "apps/home/outbox", "apps/{app}/outbox", nil)
	call("GET", "apps/home/dead-letters", "apps/{app}/dead-letters", nil)
	call("GET", "apps/home/abandoned-executions", "apps/{app}/abandoned-executions", nil)
	entry := map[string]any{"value": map[string]int{"temp": 21}}
	call("PUT", "apps/home/kv/sensors/hall", "apps/{app}/kv/{collection}/{key}", entry)
	call("PUT", "apps/home/kv/sensors/hall", "apps/{app}/kv/{collection}/{key} (stale)", map[string]int{"value": 1, "if_version": 9})
	call("GET", "apps/home/kv/sensors/hall", "apps/{app}/kv/{collection}/{key}", nil)
	call("GET", "apps/home/kv/sensors", "apps/{app}/kv/{collection}", nil)
	call("GET", "apps/home/kv", "apps/{app}/kv", nil)
	call("DELETE", "apps/home/kv/sensors/hall", "apps/{app}/kv/{collection}/{key}", nil)
	document := call("POST", "apps/home/docs/readings", "apps/{app}/docs/{collection}", map[string]any{"data": map[string]int{"temp": 21}})
	call("PUT", "apps/home/docs/readings/"+document, "apps/{app}/docs/{collection}/{id}", map[string]any{"data": map[string]int{"temp": 22}, "rev": 1})
	call("GET", "apps/home/docs/readings/"+document, "apps/{app}/docs/{collection}/{id}", nil)
	call("GET", "apps/home/docs/readings", "apps/{app}/docs/{collection}", nil)
	call("POST", "apps/home/docs/readings/query", "apps/{app}/docs/{collection}/query", map[string]any{"where": map[string]int{"temp": 22}})
	call("GET", "apps/home/docs", "apps/{app}/docs", nil)
	call("DELETE", "apps/home/docs/readings/"+document, "apps/{app}/docs/{collection}/{id}", nil)
	call("GET", "apps/home/export", "apps/{app}/export", nil)
	files := map[string]string{"app.toml": "secrets = ['TOKEN']", "scripts/other.lua": "return 1"}
	call("POST", "apps/home/import?dry_run=true", "apps/{app}/import", map[string]any{"files": files})
	files["scripts/other.lua"] = "return ="
	call("POST", "apps/home/import", "apps/{app}/import (syntax error)", map[string]any{"files": files})
	call("DELETE", "scripts/"+script, "scripts/{id} (with a route)", nil)
	call("DELETE", "routes/"+route, "routes/{id}", nil)
	call("DELETE", "triggers/"+trigger, "triggers/{id}", nil)
	s.must(s.call("DELETE", admin+"triggers/"+cron, nil, nil), 204)
	call("DELETE", "scripts/"+script, "scripts/{id}", nil)
	user := call("POST", "admins", "admins", map[string]string{"username": "bob", "password": "correct horse battery", "role": "member"})
	call("GET", "admins", "admins", nil)
	call("GET", "admins/"+user, "admins/{id}", nil)
	call("PATCH", "admins/"+user, "admins/{id}", map[string]string{"role": "owner"})
	call("PUT", "apps/home/members/"+user, "apps/{app}/members/{user}", map[string]string{"role": "editor"})
	call("GET", "apps/home/members", "apps/{app}/members", nil)
	call("DELETE", "apps/home/members/"+user, "apps/{app}/members/{user}", nil)
	key := call("POST", "api-keys", "api-keys", map[string]any{"name": "ci", "scopes": []string{"script:read"}, "app": "home", "expires_at": "2099-01-01T00:00:00Z"})
	call("GET", "api-keys", "api-keys", nil)
	call("DELETE", "api-keys/"+key, "api-keys/{id}", nil)
	call("GET", "instance/stats", "instance/stats", nil)
	call("GET", "instance/settings", "instance/settings", nil)
	call("GET", "audit?limit=1", "audit", nil)
	call("DELETE", "admins/"+user, "admins/{id}", nil)
	call("DELETE", "apps/home", "apps/{app}", nil)
	call("POST", "auth/logout", "auth/logout", nil)
	picture("GET", "/api/v2/apps", "/api/v2/apps", nil)
	checkPicture(t, "api.txt", "api 1\n\n"+b.String())
}

// shapeOf describes a JSON text by its field names and types alone.
func shapeOf(t *testing.T, text string) string {
	t.Helper()
	if text == "" {
		return ""
	}
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v in %s", err, text)
	}
	return shape(value)
}

func shape(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case float64:
		return "number"
	case string:
		return "string"
	case []any:
		if len(v) == 0 {
			return "[]"
		}
		return "[" + shape(v[0]) + "]"
	case map[string]any:
		var fields []string
		for name, field := range v {
			fields = append(fields, name+": "+shape(field))
		}
		slices.Sort(fields)
		return "{" + strings.Join(fields, ", ") + "}"
	default:
		return fmt.Sprintf("%T", v)
	}
}
