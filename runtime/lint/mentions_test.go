package lint

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMentions(t *testing.T) {
	t.Parallel()
	source := "local a = require \"one\"\nlocal b = require(  'two' )\nlocal c = secrets.get(\"KEY\")\n" +
		"local d = my.secrets.get(\"NOT\")\nlocal e = secrets.get(a)\n-- secrets.get(\"COMMENT\")\nlocal f = \"secrets.get('TEXT')\"\nreturn secrets.get[[LONG]]"
	for function, want := range map[string][]Mention{
		"require":     {{"one", 1, 19}, {"two", 2, 21}},
		"secrets.get": {{"KEY", 3, 23}, {"LONG", 8, 19}},
		"kv.get":      nil,
	} {
		if diff := cmp.Diff(want, Mentions("m", source, function)); diff != "" {
			t.Errorf("%s: %s", function, diff)
		}
	}
	if got := Mentions("m", `secrets.get("KEY") return =`, "secrets.get"); got != nil {
		t.Errorf("source that cannot be compiled mentions %v", got)
	}
}
