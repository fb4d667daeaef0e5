package egress_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"picloud/runtime/egress"
)

func TestHeadersThatScriptsMaySet(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"", "a b", "a:b", "a\nb", "Host", "host", "Content-Length", "transfer-encoding", "Connection", "TE", "Trailer", "Upgrade", "Expect",
		"Proxy-Authorization", "PICLOUD-hops", "ä"} {
		if egress.CheckHeader(name, "x") == nil {
			t.Errorf("%q was taken", name)
		}
	}
	for _, value := range []string{"a\r\nb: c", "a\nb", "a\rb", "a\x00b", "\x7f"} {
		if egress.CheckHeader("X-A", value) == nil {
			t.Errorf("%q was taken", value)
		}
	}
	if err := egress.CheckHeader("X-A", "some text, ä"); err != nil {
		t.Error(err)
	}
	many := http.Header{}
	for i := range 65 {
		many.Set(fmt.Sprintf("X-%d", i), "x")
	}
	if egress.CheckHeaders(many) == nil || egress.CheckHeaders(http.Header{"X": {strings.Repeat("x", 17<<10)}}) == nil {
		t.Error("too many headers were taken")
	}
	for method, fine := range map[string]bool{"GET": true, "REPORT": true, "CONNECT": false, "TRACE": false, "": false, "GE T": false, "GET\r\nX: y": false} {
		if (egress.CheckMethod(method) == nil) != fine {
			t.Errorf("method %q", method)
		}
	}
}
