package folder_test

import (
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"picloud/http/folder"
)

const settings = `slug = "home"
[scripts."a.b"]
limits = { sdk_calls = 5,
}

[[routes]]
path = "/a"
[routes.verify]
secret = "S"
[[routes]]
verify.secret = "T"
[[triggers]]
retry = {max_attempts = 3, base_ms = 5}
kv.ops = ["insert"]
`

func TestReadKnowsWhereThingsStand(t *testing.T) {
	t.Parallel()
	read, problems := folder.Read(map[string]string{"app.toml": settings, "scripts/a.b.lua": "return 1"})
	if len(problems) != 0 || len(read.Routes) != 2 || len(read.Triggers) != 1 || len(read.Scripts) != 1 || *read.Slug != "home" || read.Name != nil {
		t.Fatalf("%v, %+v", problems, read)
	}
	for _, c := range []struct {
		entry        folder.Entry
		field        string
		line, column int
	}{
		{read.Scripts[0].Settings, "limits.sdk_calls", 3, 12}, {read.Scripts[0].Settings, "", 2, 10},
		{read.Routes[0], "path", 7, 1}, {read.Routes[0], "verify.secret", 9, 1}, {read.Routes[0], "verify.header", 8, 9}, {read.Routes[0], "method", 6, 3},
		{read.Routes[1], "verify.secret", 11, 8}, {read.Triggers[0], "retry.base_ms", 13, 28}, {read.Triggers[0], "kv.ops", 14, 4},
	} {
		if diff := cmp.Diff(folder.Place{File: "app.toml", Line: c.line, Column: c.column}, c.entry.At(c.field)); diff != "" {
			t.Errorf("%s: %s", c.field, diff)
		}
	}
	if at := read.At("slug"); at.Line != 1 {
		t.Errorf("slug stands in line %d", at.Line)
	}
}

// Whatever the files hold, there is a place for each problem and no panic.
func FuzzRead(f *testing.F) {
	for _, text := range []string{settings, "", "a = [{b = 1}, [1]]", "routes = [{path = 1}, 2]", "[[scripts]]", "[routes]\n[[triggers.x]]", "scripts.a = 1\n[modules.b]", "name = '''\n'"} {
		f.Add(text, "scripts/a.lua")
	}
	f.Fuzz(func(t *testing.T, text, file string) {
		read, problems := folder.Read(map[string]string{"app.toml": text, file: "return 1"})
		for _, problem := range problems {
			if problem.File == "" && file != "" || problem.Line < 1 || problem.Column < 1 || problem.Code == "" || problem.Message == "" {
				t.Errorf("%+v", problem)
			}
		}
		for _, entries := range [][]folder.Entry{read.Routes, read.Triggers} {
			for _, entry := range entries {
				if at := entry.At("path"); at.Line < 1 || at.Column < 1 {
					t.Errorf("%+v", at)
				}
			}
		}
	})
}

// Any text survives being written and read.
func FuzzTextSurvives(f *testing.F) {
	for _, text := range []string{"", "plain", "it's", `"both" 'kinds'`, "'''", `"""`, "a\\b", "tab\tand\nline\n", "\r\n", "\x00\x1b\x7f", "\u0085\u2028\ufeff", "ümlaut 🌱", " x ", "[x] = 1 # no"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if !utf8.ValidString(text) {
			return // JSON has no other
		}
		files, err := folder.Write(&folder.App{Slug: "a", Name: text, Description: text, Secrets: []string{text},
			Routes: []folder.RouteSettings{{Script: text, Path: text}}, Triggers: []folder.TriggerSettings{{Name: text, KV: &folder.DataSettings{Collection: "c", KeyPrefix: text}}}})
		if err != nil {
			t.Fatal(err)
		}
		read, problems := folder.Read(files)
		if len(problems) != 0 {
			t.Fatalf("%v in\n%s", problems, files["app.toml"])
		}
		prefix, _ := read.Triggers[0].Fields["kv"].(map[string]any)["key_prefix"].(string)
		if *read.Name != text || *read.Description != text || read.Secrets[0] != text || read.Routes[0].Fields["path"] != text || prefix != text {
			t.Errorf("%q became %q, %q and %q:\n%s", text, *read.Name, *read.Description, prefix, files["app.toml"])
		}
	})
}
