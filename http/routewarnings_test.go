package http

import (
	"encoding/json"
	"slices"
	"testing"
)

func TestRouteWarnings(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	script := newScript(t, s, owner, "greet", "return 1")
	for _, body := range []string{`{"method":"ANY","path":"/both"}`, `{"method":"GET","path":"/hosted","host":"*.pi.local"}`} {
		wantStatus(t, request(t, s, "POST", adminPrefix+"scripts/"+script+"/routes", body, owner), 201)
	}
	for _, test := range []struct {
		body string
		want []string
	}{
		{`{"method":"GET","path":"/plain"}`, nil},
		{`{"method":"GET","path":"/"}`, nil},
		{`{"method":"GET","path":"/*"}`, []string{"catch_all"}},
		{`{"method":"GET","path":"/alone/*"}`, []string{"bare_prefix"}},
		{`{"method":"ANY","path":"/both/*"}`, nil},
		{`{"method":"POST","path":"/hosted/*"}`, []string{"bare_prefix"}},
		{`{"method":"GET","path":"/hosted/*","host":"*.pi.local"}`, nil},
		{`{"method":"GET","path":"/hosted/*","host":"a.pi.local"}`, nil},
		{`{"method":"GET","path":"/slash/"}`, []string{"trailing_slash"}},
		{`{"method":"GET","path":"/Users/"}`, []string{"trailing_slash", "upper_case"}},
		{`{"method":"GET","path":"/users/:userName"}`, nil},
		{`{"method":"GET","path":"/Users/:id"}`, []string{"upper_case"}},
		{`{"method":"GET","path":"/a%2Fb"}`, nil},
		{`{"method":"GET","path":"/later","dispatch_mode":"async"}`, []string{"async_answer"}},
		{`{"method":"POST","path":"/later","dispatch_mode":"async"}`, nil},
	} {
		response := request(t, s, "POST", adminPrefix+"routes:check", test.body, owner)
		wantStatus(t, response, 200)
		var verdict routeVerdict
		if err := json.Unmarshal(response.Body.Bytes(), &verdict); err != nil {
			t.Fatal(err)
		}
		var codes []string
		for _, warning := range verdict.Warnings {
			codes = append(codes, warning.Code)
		}
		if !slices.Equal(codes, test.want) || verdict.Warnings == nil {
			t.Errorf("%s warns of %v, want %v", test.body, verdict.Warnings, test.want)
		}
	}
}
