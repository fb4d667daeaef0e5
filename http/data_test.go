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
