package manual_test

import (
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/compile"
	"picloud/runtime/manual"
	"picloud/runtime/sdk"
)

var update = flag.Bool("update", false, "write docs/sdk.md again")

const pageFile = "../../docs/sdk.md"

func TestPageIsCurrent(t *testing.T) {
	t.Parallel()
	var page bytes.Buffer
	if err := manual.WritePage(&page, runtime.Describe(sdk.Modules())); err != nil {
		t.Fatal(err)
	}
	if *update {
		if err := os.WriteFile(pageFile, page.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	kept, err := os.ReadFile(pageFile)
	if err != nil {
		t.Fatal(err)
	}
	if difference := cmp.Diff(string(kept), page.String()); difference != "" {
		t.Errorf("docs/sdk.md is not current; run with -update (- page, + descriptions):\n%s", difference)
	}
}

// sample has what the modules of today may not: a type, options inside a list
// of types, a variable number of arguments.
func sample() []runtime.Module {
	nothing := func(*lua.LState) int { return 0 }
	lamp := runtime.NewType("lamp", "A lamp.", runtime.Func{
		Name: "set", Doc: "Sets it.", Call: nothing, Errors: []string{"never"}, Example: "return 1\n-- two lines",
		Params:  []runtime.ParamDoc{{Name: "on", Type: "boolean", Doc: "On?"}, {Name: "...", Type: "any", Doc: "More."}},
		Returns: []runtime.ReturnDoc{{Type: "lamp|nil", Doc: "Itself."}},
	})
	loop := runtime.NewType("lamp iterator", "A loop.")
	return []runtime.Module{{Name: "home", Doc: "Lamps.", Types: []*runtime.Type{lamp, loop}, Funcs: []runtime.Func{{
		Name: "lamps", Doc: "Lists them.", Call: nothing, Errors: []string{"never"}, Example: "return home.lamps()",
		Params: []runtime.ParamDoc{{Name: "filter", Type: "table|string", Optional: true, Doc: "Which.", Fields: []runtime.ParamDoc{
			{Name: "room", Type: "string", Optional: true, Doc: "Where."}}}},
		Returns: []runtime.ReturnDoc{{Type: "lamp[]", Doc: "All."}, {Type: "table[]", Doc: "Facts.", Fields: []runtime.ParamDoc{{Name: "watts", Type: "number", Doc: "Power."}}}},
	}}}}
}

func stubsOf(t *testing.T, modules []runtime.Module) string {
	t.Helper()
	var stubs bytes.Buffer
	if err := manual.WriteStubs(&stubs, runtime.Describe(modules)); err != nil {
		t.Fatal(err)
	}
	return stubs.String()
}

func TestStubsOfASample(t *testing.T) {
	t.Parallel()
	stubs := stubsOf(t, sample())
	for _, want := range []string{
		"---@meta picloud\n",
		"---A lamp.\n---@class picloud.lamp\nlocal lamp_type = {}\n",
		"---Sets it.\n---\n---```lua\n---return 1\n----- two lines\n---```\n---@param on boolean On?\n---@param ... any More.\n---@return picloud.lamp|nil # Itself.\nfunction lamp_type:set(on, ...) end\n",
		"---@class picloud.lamp_iterator\nlocal lamp_iterator_type = {}\n",
		"---@class (exact) picloud.module.home.lamps.filter\n---@field room? string Where.\n",
		"---@class (exact) picloud.module.home.lamps.result\n---@field watts number Power.\n",
		"---@param filter? picloud.module.home.lamps.filter|string Which.\n---@return picloud.lamp[] # All.\n---@return picloud.module.home.lamps.result[] # Facts.\nfunction home.lamps(filter) end\n",
		"---@type picloud.ctx\nctx = {}\n",
		"---@deprecated\nfunction loadstring() end\n",
	} {
		if !strings.Contains(stubs, want) {
			t.Errorf("the stubs lack\n%s\nin\n%s", want, stubs)
		}
	}
}

// typeForm is a type in an annotation: names, lists, alternatives.
const typeForm = `((?:table<string, [\w.\[\]]+>|[\w.]+(?:\[\])?)(?:\|[\w.]+(?:\[\])?)*)`

// annotation is the grammar of the annotations that the stubs use, after the
// LuaCATS documentation.
var annotation = regexp.MustCompile(`^---@(?:meta \w+|class(?: \(exact\))? [\w.]+|type [\w.]+|deprecated|` +
	`field \w+\?? ` + typeForm + ` \S.*|param (?:\w+\??|\.\.\.) ` + typeForm + `(?: \S.*)?|return ` + typeForm + `(?: # \S.*)?)$`)

// luaTypes are the types that the language server knows by itself.
var luaTypes = []string{"nil", "any", "boolean", "string", "number", "integer", "function", "table", "thread", "userdata"}

// TestStubsAreWellFormed reads the stubs as the language server would: they are
// Lua, every annotation has its form, every type is known, and every function of
// the SDK is declared with its parameters annotated in their order.
func TestStubsAreWellFormed(t *testing.T) {
	t.Parallel()
	checkStubs(t, sample())
	checkStubs(t, sdk.Modules())
}

func checkStubs(t *testing.T, modules []runtime.Module) {
	t.Helper()
	stubs := stubsOf(t, modules)
	if _, err := compile.Compile(manual.StubsFile, stubs, nil); err != nil {
		t.Fatal(err)
	}
	declared := checkAnnotations(t, stubs)
	for _, module := range runtime.Describe(modules).Modules {
		for _, fn := range module.Functions {
			if _, ok := declared[module.Name+"."+fn.Name]; !ok {
				t.Errorf("the stubs do not declare %s.%s", module.Name, fn.Name)
			}
		}
		for _, kind := range module.Types {
			for _, method := range kind.Methods {
				sign := map[bool]string{true: ":", false: "."}[kind.Colon]
				name := strings.ReplaceAll(kind.Name, " ", "_") + "_type" + sign + method.Name
				if _, ok := declared[name]; !ok {
					t.Errorf("the stubs do not declare %s", name)
				}
			}
		}
	}
}

var functionLine = regexp.MustCompile(`^function ([\w.:]+)\((.*)\) end$`)

// checkAnnotations checks every line and returns the declared functions with
// their annotated parameters.
func checkAnnotations(t *testing.T, stubs string) map[string][]string {
	t.Helper()
	declared, classes, used := map[string][]string{}, map[string]bool{}, map[string]bool{}
	var params []string
	fenced := false
	for line := range strings.Lines(stubs) {
		line = strings.TrimRight(line, "\n")
		if strings.HasPrefix(line, "---```") {
			fenced = !fenced && line != "---```"
		}
		if fenced || !strings.HasPrefix(line, "---@") {
			if match := functionLine.FindStringSubmatch(line); match != nil {
				if got := strings.Join(params, ", "); got != match[2] && !slices.Contains(luaGone, match[1]) {
					t.Errorf("%s(%s) is annotated with the parameters %s", match[1], match[2], got)
				}
				declared[match[1]], params = params, nil
			}
			continue
		}
		match := annotation.FindStringSubmatch(line)
		if match == nil {
			t.Errorf("no annotation of the language server: %s", line)
			continue
		}
		words := strings.Fields(line)
		switch words[0] {
		case "---@class":
			classes[words[len(words)-1]] = true
		case "---@param":
			params = append(params, strings.TrimSuffix(words[1], "?"))
		}
		for word := range strings.SplitSeq(match[1]+"|"+match[2]+"|"+match[3], "|") {
			word = strings.TrimSuffix(strings.TrimPrefix(word, "table<string, "), ">")
			used[strings.TrimSuffix(word, "[]")] = true
		}
	}
	for name := range used {
		if name != "" && !classes[name] && !slices.Contains(luaTypes, name) {
			t.Errorf("the type %s is declared nowhere", name)
		}
	}
	return declared
}

var luaGone = []string{"dofile", "getfenv", "load", "loadfile", "loadstring", "module", "newproxy", "setfenv"}

func TestSettingsAreJSON(t *testing.T) {
	t.Parallel()
	var settings map[string]any
	if err := json.Unmarshal([]byte(manual.Settings), &settings); err != nil || settings["runtime.version"] != "Lua 5.1" {
		t.Errorf("%v: %v", settings, err)
	}
}
