package runtime_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
)

// listing answers every name that a script can reach without a call.
const listing = `
local names = {}
local function list(prefix, t)
  for name, value in pairs(t) do
    names[#names + 1] = prefix .. name
    if type(value) == "table" and name ~= "_G" and not prefix:find(".", 1, true) then list(prefix .. name .. ".", value) end
  end
end
list("", _G)
for name in pairs(ctx) do names[#names + 1] = "ctx." .. name end
for name in pairs(ctx.request) do names[#names + 1] = "ctx.request." .. name end
table.sort(names)
return names`

// Everything that scripts see is described, and nothing else.
func TestDescriptionIsWhatScriptsSee(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	result := b.engine.Run(context.Background(), &runtime.Invocation{Script: b.endpoint("list", listing), Kind: runtime.KindTest, Request: get("/", "")})
	var seen []string
	if err := json.Unmarshal(result.Body, &seen); err != nil {
		t.Fatal(err, result.Err)
	}
	seen = slices.DeleteFunc(seen, func(name string) bool { return name == "names" })
	described := describedNames(b.engine.Description())
	slices.Sort(described)
	if difference := cmp.Diff(seen, described); difference != "" {
		t.Errorf("- seen, + described:\n%s", difference)
	}
}

func describedNames(d *runtime.Description) (names []string) {
	for _, module := range append(d.Modules, d.Standard...) {
		prefix := ""
		if module.Name != "" {
			names = append(names, module.Name)
			prefix = module.Name + "."
		}
		for _, fn := range module.Functions {
			names = append(names, prefix+fn.Name)
		}
		for _, value := range module.Values {
			names = append(names, prefix+value.Name)
		}
	}
	for _, field := range d.Context.Fields {
		if field.Name == "event" {
			continue // only when a trigger started the run
		}
		names = append(names, "ctx."+field.Name)
		if field.Name == "request" {
			for _, inner := range field.Fields {
				names = append(names, "ctx.request."+inner.Name)
			}
		}
	}
	return names
}

// What is said to be gone is.
func TestGoneGlobalsAreGone(t *testing.T) {
	t.Parallel()
	b := newBench(t, nil)
	for _, gone := range b.engine.Description().Gone {
		result := b.engine.Run(context.Background(), &runtime.Invocation{Script: b.endpoint(gone.Name, "return type("+gone.Name+")"), Kind: runtime.KindTest})
		if string(result.Body) != "nil" {
			t.Errorf("%s is a %s", gone.Name, result.Body)
		}
	}
}

// A function of Lua takes the parameters that its description names: a call
// without the required ones raises, one with them is not refused for their number.
func TestStandardDescriptionsAreComplete(t *testing.T) {
	t.Parallel()
	for _, module := range runtime.Describe(nil).Standard {
		for _, fn := range module.Functions {
			if fn.Doc == "" || fn.Name == "" || strings.Contains(fn.Signature, " ?") {
				t.Errorf("%s is not described in full: %+v", fn.Signature, fn)
			}
			for _, p := range fn.Params {
				if p.Name == "" || p.Type == "" {
					t.Errorf("%s has a parameter without name or type", fn.Signature)
				}
			}
		}
	}
}

// Types and their methods are described under their module.
func TestDescribeTypes(t *testing.T) {
	t.Parallel()
	nothing := func(*lua.LState) int { return 0 }
	lamp := runtime.NewType("lamp", "A lamp.", runtime.Func{Name: "set", Doc: "Sets it.", Call: nothing,
		Params: []runtime.ParamDoc{{Name: "on", Type: "boolean"}, {Name: "options", Type: "table", Optional: true}}})
	table, frozen := runtime.NewTable("hub", "A hub.", runtime.Func{Name: "scan", Doc: "Looks.", Call: nothing, Returns: []runtime.ReturnDoc{{Type: "integer"}}})
	if frozen == nil {
		t.Fatal("no table")
	}
	d := runtime.Describe([]runtime.Module{{Name: "home", Types: []*runtime.Type{lamp, table}}})
	var got []string
	for _, kind := range d.Modules[0].Types {
		got = append(got, fmt.Sprint(kind.Name, " ", kind.Methods[0].Signature))
	}
	if want := []string{"lamp lamp:set(on, options?)", "hub hub.scan() → integer"}; !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}
