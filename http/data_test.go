package http

import (
	"strings"
	"testing"
)

func TestKV(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	one := "apps/default/kv/sensors/hall"
	play(t, s, owner, []scenario{
		{"no collections", "GET", "apps/default/kv", "", 200, map[string]string{"items": "[]"}},
		{"nothing there", "GET", one, "", 404, map[string]string{"error.code": "not_found"}},
		{"put", "PUT", one, `{"value": {"temp" : 21.5}}`, 200, map[string]string{"key": "hall", "value.temp": "21.5", "version": "1", "expires_at": "null", "updated_at": "2026-03-01T12:00:00.000Z"}},
		{"same again", "PUT", one, `{"value":{"temp":21.5}}`, 200, map[string]string{"version": "1"}},
		{"stale", "PUT", one, `{"value":1,"if_version":0}`, 409, map[string]string{"error.code": "stale_version", "error.details.version": "1"}},
		{"right version", "PUT", one, `{"value":null,"if_version":1}`, 200, map[string]string{"version": "2", "value": "null"}},
		{"ttl", "PUT", one, `{"value":1,"ttl_s":60}`, 200, map[string]string{"expires_at": "2026-03-01T12:01:00.000Z"}},
		{"get", "GET", one, "", 200, map[string]string{"value": "1", "version": "3"}},
		{"odd key", "PUT", "apps/default/kv/sensors/a%2Fb%20c%25", `{"value":1}`, 200, map[string]string{"key": "a/b c%"}},
		{"odd key again", "GET", "apps/default/kv/sensors/a%2Fb%20c%25", "", 200, map[string]string{"key": "a/b c%"}},
		{"plain escape", "GET", "apps/default/kv/sensors/h%61ll", "", 200, map[string]string{"key": "hall"}},
		{"list", "GET", "apps/default/kv/sensors?prefix=h", "", 200, map[string]string{"items.key": "hall", "next_cursor": "<absent>"}},
		{"page", "GET", "apps/default/kv/sensors?limit=1", "", 200, map[string]string{"items.key": "a/b c%"}},
		{"bad cursor", "GET", "apps/default/kv/sensors?cursor=x", "", 400, map[string]string{"error.code": "invalid_cursor"}},
		{"limit", "GET", "apps/default/kv/sensors?limit=201", "", 400, map[string]string{"error.details.field": "limit"}},
		{"collections", "GET", "apps/default/kv", "", 200, map[string]string{"items.name": "sensors"}},
		{"no value", "PUT", one, `{}`, 422, map[string]string{"error.details.field": "value"}},
		{"no ttl", "PUT", one, `{"value":1,"ttl_s":0}`, 422, map[string]string{"error.details.field": "ttl_s"}},
		{"twice", "PUT", one, `{"value":{"a":1,"a":2}}`, 422, map[string]string{"error.code": "invalid_json", "error.details.field": "value"}},
		{"large number", "PUT", one, `{"value":1e400}`, 422, map[string]string{"error.code": "invalid_json"}},
		{"half a pair", "PUT", one, `{"value":"\ud83d"}`, 422, map[string]string{"error.code": "invalid_json"}},
		{"deep", "PUT", one, `{"value":` + strings.Repeat("[", 129) + strings.Repeat("]", 129) + `}`, 422, map[string]string{"error.code": "invalid_json"}},
		{"large", "PUT", one, `{"value":"` + strings.Repeat("x", 256<<10) + `"}`, 413, map[string]string{"error.code": "value_too_large"}},
		{"bad collection", "PUT", "apps/default/kv/a%2Fb/c", `{"value":1}`, 422, map[string]string{"error.code": "invalid_collection"}},
		{"bad key", "PUT", "apps/default/kv/a/" + strings.Repeat("k", 513), `{"value":1}`, 422, map[string]string{"error.code": "invalid_key"}},
		{"other app", "GET", "apps/nobody/kv", "", 404, nil},
		{"delete stale", "DELETE", one + "?if_version=1", "", 409, map[string]string{"error.code": "stale_version"}},
		{"delete odd", "DELETE", one + "?if_version=x", "", 400, map[string]string{"error.details.field": "if_version"}},
		{"delete", "DELETE", one + "?if_version=3", "", 204, nil},
		{"gone", "DELETE", one, "", 404, nil},
		{"again", "PUT", one, `{"value":1}`, 200, map[string]string{"version": "4"}},
	})
}

func TestDocuments(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	all := "apps/default/docs/readings"
	one := all + "/hall%2F1"
	play(t, s, owner, []scenario{
		{"no collections", "GET", "apps/default/docs", "", 200, map[string]string{"items": "[]"}},
		{"nothing there", "GET", all, "", 200, map[string]string{"items": "[]"}},
		{"create", "POST", all, `{"data": {"temp" : 21.5, "room":"hall"}, "id":"hall/1"}`, 201,
			map[string]string{"id": "hall/1", "rev": "1", "data.temp": "21.5", "created_at": "2026-03-01T12:00:00.000Z", "updated_at": "2026-03-01T12:00:00.000Z"}},
		{"again", "POST", all, `{"data":{},"id":"hall/1"}`, 409, map[string]string{"error.code": "document_exists", "error.details.rev": "1"}},
		{"with an own id", "POST", all, `{"data":{"temp":"21.5"}}`, 201, map[string]string{"rev": "1"}},
		{"a list", "POST", all, `{"data":[1]}`, 422, map[string]string{"error.code": "invalid_document"}},
		{"no data", "POST", all, `{"id":"x"}`, 422, map[string]string{"error.details.field": "data"}},
		{"empty id", "POST", all, `{"data":{},"id":""}`, 422, map[string]string{"error.code": "invalid_key"}},
		{"large", "POST", all, `{"data":{"x":"` + strings.Repeat("x", 1<<20) + `"}}`, 413, map[string]string{"error.code": "document_too_large"}},
		{"get", "GET", one, "", 200, map[string]string{"id": "hall/1", "data.room": "hall"}},
		{"stale", "PUT", one, `{"data":{},"rev":7}`, 409, map[string]string{"error.code": "stale_version", "error.details.rev": "1"}},
		{"put", "PUT", one, `{"data":{"temp":22,"room":"hall"},"rev":1}`, 200, map[string]string{"rev": "2", "data.temp": "22"}},
		{"put none", "PUT", all + "/none", `{"data":{}}`, 404, nil},
		{"query", "POST", all + "/query", `{"where":{"temp":{"gt":21}},"sort":["-temp"],"limit":5,"fields":["room"]}`, 200, map[string]string{"items.id": "hall/1", "items.data": `{"room":"hall"}`}},
		{"operator", "POST", all + "/query", `{"where":{"temp":{"above":21}}}`, 422, map[string]string{"error.code": "invalid_query"}},
		{"part", "POST", all + "/query", `{"were":{}}`, 400, map[string]string{"error.details.field": "were"}},
		{"limit", "POST", all + "/query", `{"limit":201}`, 422, map[string]string{"error.code": "invalid_query", "error.message": "limit must be a whole number from 1 to 200"}},
		{"limit of a script", "POST", all + "/query", `{"limit":1001}`, 422, map[string]string{"error.message": "limit must be a whole number from 1 to 200"}},
		{"page", "GET", all + "?limit=1", "", 200, map[string]string{"items.id": "hall/1"}},
		{"bad cursor", "GET", all + "?cursor=x", "", 400, map[string]string{"error.code": "invalid_cursor"}},
		{"collections", "GET", "apps/default/docs", "", 200, map[string]string{"items.name": "readings"}},
		{"bad collection", "GET", "apps/default/docs/a%2Fb", "", 422, map[string]string{"error.code": "invalid_collection"}},
		{"called query", "POST", all, `{"data":{},"id":"query"}`, 201, nil},
		{"get called query", "GET", all + "/query", "", 200, map[string]string{"id": "query"}},
		{"delete called query", "DELETE", all + "/query", "", 204, nil},
		{"delete stale", "DELETE", one + "?rev=1", "", 409, map[string]string{"error.code": "stale_version"}},
		{"delete", "DELETE", one + "?rev=2", "", 204, nil},
		{"gone", "GET", one, "", 404, nil},
	})
}

func TestQueriesEndInTime(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	s.queryTime = 0
	for _, call := range [][3]string{{"GET", "", ""}, {"POST", "/query", `{"where":{"temp":21}}`}} {
		w := request(t, s, call[0], adminPrefix+"apps/default/docs/readings"+call[1], call[2], owner)
		if wantStatus(t, w, 422); field(t, w, "error.code") != "query_too_slow" {
			t.Errorf("%s: %s", call[0], w.Body)
		}
	}
}
