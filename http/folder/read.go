package folder

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Place is where in a folder something stands. Line and Column count from 1.
type Place struct {
	File         string
	Line, Column int
}

// Problem is a mistake in a folder and its place.
type Problem struct {
	File    string `json:"file"`
	Line    int    `json:"line"`
	Column  int    `json:"column"`
	Code    string `json:"code"`
	Message string `json:"message"`
}

// At makes a problem of what is wrong at a place.
func (p Place) At(code, format string, args ...any) Problem {
	return Problem{File: p.File, Line: p.Line, Column: p.Column, Code: code, Message: fmt.Sprintf(format, args...)}
}

// Folder is the files of an app taken apart. Texts are nil where the files do
// not say them.
type Folder struct {
	Slug, Name, Description *string
	Secrets                 []string
	Scripts                 []Script // by name
	Routes, Triggers        []Entry  // in the order of the file
	top                     Entry
}

// Script is a source with its settings.
type Script struct {
	Name, File, Source string
	Module             bool
	Settings           Entry
}

// Entry is a table of app.toml.
type Entry struct {
	Fields map[string]any
	places map[string]Place
	path   string
}

// At is where a field of the entry stands, such as "verify.secret"; the place
// of what is around it when the entry does not have it.
func (e Entry) At(field string) Place {
	for path := join(e.path, field); ; {
		if place, ok := e.places[path]; ok {
			return place
		}
		dot := strings.LastIndexByte(path, '.')
		if dot < 0 {
			return Place{Settings, 1, 1}
		}
		path = path[:dot]
	}
}

func join(path, field string) string {
	if path == "" || field == "" {
		return path + field
	}
	return path + "." + field
}

// Take removes a text from the entry: "" when it is not there. ok is false when
// it is no text.
func (e Entry) Take(field string) (text string, ok bool) {
	value, there := e.Fields[field]
	delete(e.Fields, field)
	if !there {
		return "", true
	}
	text, ok = value.(string)
	return text, ok
}

// JSON is the entry as a call of the API would have it.
func (e Entry) JSON() ([]byte, error) {
	if e.Fields == nil {
		return []byte("{}"), nil
	}
	return json.Marshal(e.Fields)
}

// At is where a field of the app itself stands.
func (f *Folder) At(field string) Place { return f.top.At(field) }

// Read takes files apart, by their slash-separated names, and says what has no
// place among them. With problems the folder holds what could be read.
func Read(files map[string]string) (*Folder, []Problem) {
	r := &reader{folder: &Folder{}}
	text, found := files[Settings]
	if !found {
		r.report(Place{Settings, 1, 1}.At("missing_file", "there is no %s; `picloud pull` writes one", Settings))
	}
	r.settings(text)
	for _, file := range slices.Backward(slices.Sorted(maps.Keys(files))) { // of a script and a module, the script comes first
		if file != Settings {
			r.source(file, files[file])
		}
	}
	r.leftOver()
	slices.SortFunc(r.folder.Scripts, func(a, b Script) int { return strings.Compare(a.Name, b.Name) })
	return r.folder, r.problems
}

type reader struct {
	folder           *Folder
	scripts, modules map[string]Entry // settings whose source was not found yet
	problems         []Problem
}

func (r *reader) report(p Problem) { r.problems = append(r.problems, p) }

// source takes the file of a script or module.
func (r *reader) source(file, text string) {
	name, module := strings.CutPrefix(file, modulesFolder)
	settings := r.modules
	if !module {
		var script bool
		if name, script = strings.CutPrefix(file, scriptsFolder); !script {
			name = ""
		}
		settings = r.scripts
	}
	name, lua := strings.CutSuffix(name, sourceSuffix)
	if name == "" || !lua || strings.Contains(name, "/") {
		r.report(Place{file, 1, 1}.At("unknown_file", "an app's files are %s, %sNAME%s and %sNAME%s", Settings, scriptsFolder, sourceSuffix, modulesFolder, sourceSuffix))
		return
	}
	if slices.ContainsFunc(r.folder.Scripts, func(s Script) bool { return s.Name == name }) {
		r.report(Place{file, 1, 1}.At("name_taken", "there is a script and a module called %q; a name can be used once", name))
		return
	}
	r.folder.Scripts = append(r.folder.Scripts, Script{Name: name, File: file, Source: text, Module: module, Settings: settings[name]})
	delete(settings, name)
}

// leftOver reports settings of scripts that have no source.
func (r *reader) leftOver() {
	for folder, settings := range map[string]map[string]Entry{scriptsFolder: r.scripts, modulesFolder: r.modules} {
		for name, entry := range settings {
			r.report(entry.At("").At("missing_file", "there is no file %s%s%s for these settings", folder, name, sourceSuffix))
		}
	}
}

// Order orders problems by file and place.
func Order(a, b Problem) int {
	return cmp.Or(strings.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}
