package main_test

import (
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var (
	luaBlock = regexp.MustCompile("(?s)```lua\n(.*?)```")
	answers  = regexp.MustCompile(`(?m)^-- answers (\d{3}) (.*)$`)
)

// TestScriptsPage runs every Lua block of docs/scripts.md and compares what it
// answers with what the page says.
func TestScriptsPage(t *testing.T) {
	t.Parallel()
	s := startServer(t, "")
	s.claim()
	blocks := luaBlock.FindAllStringSubmatch(readText(t, "docs/scripts.md"), -1)
	if len(blocks) < 6 {
		t.Fatalf("the page has %d Lua blocks, want at least 6", len(blocks))
	}
	script := s.newScript("try", "return 1", nil)
	s.newRoute(script, "POST", "/try")
	for n, block := range blocks {
		want := answers.FindStringSubmatch(block[1])
		if want == nil {
			t.Errorf("block %d does not say what it answers", n+1)
			continue
		}
		s.must(s.call("PATCH", "/api/v1/admin/scripts/"+script, map[string]string{"source": block[1]}, nil), 200)
		request, err := http.NewRequest("POST", s.url+"/try?name=Ada", strings.NewReader(`{"temp": 21.5}`))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Content-Type", "application/json")
		a := s.do(request)
		if got := a.header.Get("Content-Type") + " " + a.body; strconv.Itoa(a.status) != want[1] || got != want[2] {
			t.Errorf("block %d answers %d %s, the page says %s %s", n+1, a.status, got, want[1], want[2])
		}
	}
}
