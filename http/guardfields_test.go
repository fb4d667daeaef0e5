package http

import (
	"fmt"
	"testing"
)

func TestGuardsOfRoutesAreChecked(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"local_only":true`)
	routes := "scripts/" + script + "/routes"
	for body, want := range map[string]string{
		`"verify":{"provider":"github"}`:                                                     "422 verify.secret",
		`"verify":{"provider":"gitlab","secret":"TOKEN"}`:                                    "422 verify.provider",
		`"verify":{"provider":"github","secret":"TOKEN","tolerance_s":5}`:                    "422 verify.tolerance_s",
		`"verify":{"provider":"slack","secret":"TOKEN","tolerance_s":0}`:                     "422 verify.tolerance_s",
		`"verify":{"provider":"hmac","secret":"TOKEN"}`:                                      "422 verify.header",
		`"verify":{"provider":"hmac","secret":"TOKEN","header":"X","template":"{timestam}"}`: "422 verify.template",
		`"verify":{"provider":"token","secret":"TOKEN","in":"cookie:a"}`:                     "422 verify.in",
		`"verify":{"provider":"token","secret":"TOKEN","key":"a"}`:                           "400 verify.key",
		`"verify":"github"`:                            "400 verify",
		`"dedupe":{}`:                                  "422 dedupe.from",
		`"dedupe":{"from":"cookie:a"}`:                 "422 dedupe.from",
		`"dedupe":{"from":"body:a.b.c.d.e.f.g.h.i"}`:   "422 dedupe.from",
		`"dedupe":{"from":"header:X","ttl_s":0}`:       "422 dedupe.ttl_s",
		`"dedupe":{"from":"header:X","ttl_s":2592001}`: "422 dedupe.ttl_s",
		`"rate_limit":{}`:                              "422 rate_limit.per_minute",
		`"rate_limit":{"per_minute":0}`:                "422 rate_limit.per_minute",
		`"rate_limit":{"per_minute":1,"burst":0}`:      "422 rate_limit.burst",
		`"rate_limit":{"per_minute":1,"key":"user"}`:   "422 rate_limit.key",
		`"rate_limit":{"per_minute":"many"}`:           "400 rate_limit.per_minute",
		`"local_only":"yes"`:                           "400 local_only",
	} {
		for method, target := range map[string]string{"POST": routes, "CHECK": `routes:check`} {
			if method == "CHECK" {
				method = "POST"
			}
			w := request(t, s, method, adminPrefix+target, `{"method":"POST","path":"/x",`+body+`}`, owner)
			if got := fmt.Sprint(w.Code, " ", field(t, w, "error.details.field")); got != want {
				t.Errorf("%s %s: %s, want %s", target, body, got, want)
			}
		}
	}
}

func TestGuardsOfRoutesAreChanged(t *testing.T) {
	t.Parallel()
	s, owner, script := guardedServer(t, `"local_only":true`)
	id := route(t, s, owner, script, "/x", `"verify":{"provider":"slack","secret":"TOKEN"},"dedupe":{"from":"body:id"},"rate_limit":{"per_minute":5}`)
	one := "routes/" + id
	play(t, s, owner, []scenario{
		{"defaults", "GET", "scripts/" + script + "/routes?limit=200", "", 200, map[string]string{"items.local_only": "true", "items.verify": "null"}},
		{"another path", "PATCH", one, `{"path":"/y"}`, 200, map[string]string{"verify": `{"provider":"slack","secret":"TOKEN"}`,
			"dedupe": `{"from":"body:id","ttl_s":86400}`, "rate_limit": `{"burst":5,"key":"ip","per_minute":5}`, "local_only": "false"}},
		{"another guard", "PATCH", one, `{"verify":{"provider":"stripe","secret":"TOKEN","tolerance_s":60},"local_only":true}`, 200,
			map[string]string{"verify": `{"provider":"stripe","secret":"TOKEN","tolerance_s":60}`, "local_only": "true", "dedupe.from": "body:id"}},
		{"a wrong one", "PATCH", one, `{"rate_limit":{"per_minute":-1}}`, 422, map[string]string{"error.details.field": "rate_limit.per_minute"}},
		{"an unknown field", "PATCH", one, `{"dedupe":{"from":"body:id","ttl":1}}`, 400, map[string]string{"error.details.field": "dedupe.ttl"}},
		{"a wrong type", "PATCH", one, `{"verify":5}`, 400, map[string]string{"error.details.field": "verify"}},
		{"none", "PATCH", one, `{"verify":null,"dedupe":null,"rate_limit":null,"local_only":false}`, 200,
			map[string]string{"verify": "null", "dedupe": "null", "rate_limit": "null", "local_only": "false"}},
	})
}
