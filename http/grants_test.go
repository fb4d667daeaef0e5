package http

import "testing"

func TestGrants(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "lamp", "return 1")
	grants := "scripts/" + script + "/grants"
	made := request(t, s, "POST", adminPrefix+grants, `{"host":"Printer.LOCAL.","port":631}`, owner)
	wantStatus(t, made, 201)
	module := request(t, s, "POST", adminPrefix+"apps/default/scripts", `{"name":"lib","source":"return {}","kind":"module"}`, owner)
	bad := map[string]string{"error.code": "invalid_grant", "error.details.field": "host"}
	play(t, s, owner, []scenario{
		{"list", "GET", grants, "", 200, map[string]string{"items.host": "printer.local", "items.port": "631", "items.created_by": testUsername, "items.script_id": script}},
		{"again", "POST", grants, `{"host":"printer.local","port":631}`, 409, map[string]string{"error.code": "grant_exists"}},
		{"network", "POST", grants, `{"host":"192.168.1.77/24","port":80}`, 201, map[string]string{"host": "192.168.1.0/24"}},
		{"mapped", "POST", grants, `{"host":"::ffff:10.0.0.5","port":80}`, 201, map[string]string{"host": "10.0.0.5"}},
		{"loopback", "POST", grants, `{"host":"127.0.0.1","port":1880}`, 201, nil},
		{"unique local", "POST", grants, `{"host":"fd12::/64","port":80}`, 201, map[string]string{"host": "fd12::/64"}},
		{"internet", "POST", grants, `{"host":"93.184.216.34","port":80}`, 422, bad},
		{"everything", "POST", grants, `{"host":"0.0.0.0/0","port":80}`, 422, bad},
		{"wider than private", "POST", grants, `{"host":"192.0.0.0/8","port":80}`, 422, bad},
		{"metadata", "POST", grants, `{"host":"169.254.169.254","port":80}`, 422, bad},
		{"link-local", "POST", grants, `{"host":"fe80::1","port":80}`, 422, bad},
		{"zone", "POST", grants, `{"host":"fd00::1%eth0","port":80}`, 422, bad},
		{"unspecified", "POST", grants, `{"host":"0.0.0.0","port":80}`, 422, bad},
		{"number", "POST", grants, `{"host":"2130706433","port":80}`, 422, bad},
		{"short form", "POST", grants, `{"host":"127.1","port":80}`, 422, bad},
		{"hex", "POST", grants, `{"host":"0x7f.0x1","port":80}`, 422, bad},
		{"a URL", "POST", grants, `{"host":"http://printer.local","port":80}`, 422, bad},
		{"wildcard", "POST", grants, `{"host":"*.local","port":80}`, 422, bad},
		{"no host", "POST", grants, `{"port":80}`, 422, bad},
		{"no port", "POST", grants, `{"host":"printer.local"}`, 422, map[string]string{"error.details.field": "port"}},
		{"high port", "POST", grants, `{"host":"printer.local","port":65536}`, 422, map[string]string{"error.details.field": "port"}},
		{"port type", "POST", grants, `{"host":"printer.local","port":"80"}`, 400, map[string]string{"error.details.field": "port"}},
		{"module", "POST", "scripts/" + field(t, module, "id") + "/grants", `{"host":"printer.local","port":80}`, 422, map[string]string{"error.code": "not_an_endpoint"}},
		{"delete", "DELETE", "grants/" + field(t, made, "id"), "", 204, nil},
		{"gone", "DELETE", "grants/" + field(t, made, "id"), "", 404, nil},
		{"no id", "DELETE", "grants/printer", "", 404, nil},
		{"script goes with its grants", "DELETE", "scripts/" + script, "", 204, nil},
		{"none left", "GET", grants, "", 404, nil},
	})
	if left := len(s.store.Catalog().Grants); left != 0 {
		t.Errorf("%d scripts have grants", left)
	}
}
