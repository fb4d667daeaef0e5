package http

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func (s *testServer) defaultApp() *uuid.UUID { return &s.store.Catalog().AppBySlug("default").ID }

// Every problem is listed at once, with its place, and nothing is changed.
func TestAnImportListsAllProblems(t *testing.T) {
	t.Parallel()
	s, owner := newFolderServer(t)
	wantStatus(t, request(t, s, "POST", adminPrefix+"apps", `{"slug":"other"}`, owner), 201)
	other := folderJSON(t, map[string]string{"app.toml": "[[routes]]\nscript='x'\nmethod='GET'\npath='/taken'", "scripts/x.lua": "return 1"})
	wantStatus(t, request(t, s, "POST", adminPrefix+"apps/other/import", other, owner), 200)
	s.importFiles(t, owner, "", everything)
	before := s.exportFiles(t, owner)
	route := func(fields string) string { return "[[routes]]\nscript = 'answer'\nmethod = 'GET'\n" + fields }
	trigger := func(fields string) string { return "[[triggers]]\nname = 't'\nscript = 'answer'\n" + fields }
	for name, c := range map[string]struct {
		files map[string]string
		want  []string
	}{
		"no settings":         {with(everything, "app.toml", ""), []string{"app.toml:1:1 missing_file"}},
		"no TOML":             {with(everything, "app.toml", "name = 'x'\n\ndescription = \n"), []string{"app.toml:3:15 bad_toml"}},
		"unknown field":       {with(everything, "app.toml", "name = 'x'\nsulg = 'y'"), []string{"app.toml:2:1 unknown_field"}},
		"wrong types":         {with(everything, "app.toml", "name = 3\nroutes = 'x'\n[scripts]\nanswer = 1\n"), []string{"app.toml:1:1 wrong_type", "app.toml:2:1 wrong_type", "app.toml:4:1 wrong_type"}},
		"settings alone":      {with(everything, "app.toml", "[scripts.gone]\n"), []string{"app.toml:1:10 missing_file"}},
		"other file":          {with(everything, "README.md", "x", "scripts/a/b.lua", "return"), []string{"README.md:1:1 unknown_file", "scripts/a/b.lua:1:1 unknown_file"}},
		"name twice":          {with(everything, "modules/answer.lua", "return"), []string{"modules/answer.lua:1:1 name_taken"}},
		"bad name":            {with(everything, "scripts/no good.lua", "return"), []string{"scripts/no good.lua:1:1 invalid_name"}},
		"three errors":        {with(everything, "app.toml", route("path = 'x'"), "scripts/answer.lua", "return 1\nreturn =", "modules/units.lua", "return require 'none'"), []string{"app.toml:4:1 invalid_path", "modules/units.lua:1:16 missing_module", "scripts/answer.lua:2:1 syntax_error"}},
		"script settings":     {with(everything, "app.toml", "[scripts.answer]\naccess = 'all'\nlimits = {instructions = 2000000000}\n"), []string{"app.toml:2:1 invalid", "app.toml:3:11 limit_over_ceiling"}},
		"script field":        {with(everything, "app.toml", "[scripts.answer]\ntimeout = 5\n"), []string{"app.toml:2:1 unknown_field"}},
		"no such script":      {with(everything, "app.toml", "[[routes]]\nmethod='GET'\npath='/n'\nscript = 'none'\n"), []string{"app.toml:4:1 missing_script"}},
		"no script":           {with(everything, "app.toml", "[[routes]]\nmethod='GET'\npath='/n'\n"), []string{"app.toml:1:3 invalid"}},
		"a module":            {with(everything, "app.toml", "[[triggers]]\nname = 't'\nscript = 'units'\ntopic = {filter = 'a'}"), []string{"app.toml:3:1 not_an_endpoint"}},
		"taken elsewhere":     {with(everything, "app.toml", route("path = '/taken'")), []string{"app.toml:4:1 route_conflict"}},
		"taken by the app":    {with(everything, "app.toml", "[[routes]]\nscript = 'answer'\nmethod = 'ANY'\npath = '/greet'"), []string{"app.toml:4:1 route_conflict"}},
		"twice":               {with(everything, "app.toml", route("path = '/new'\n")+route("path = '/new'\n")), []string{"app.toml:8:1 route_conflict"}},
		"guards":              {with(everything, "app.toml", route("path = '/new'\n[routes.verify]\nprovider = 'github'\nsecret = 'NONE'\n")+route("path = '/b'\n[routes.rate_limit]\nburst = 3")), []string{"app.toml:7:1 missing_secret", "app.toml:12:9 invalid"}},
		"trigger":             {with(everything, "app.toml", trigger("")+trigger("cron = {schedule = 'x'}\n")+trigger("[triggers.kv]\ncollection = 'a b'\n[triggers.retry]\nmax_attempts = 0\n")), []string{"app.toml:1:3 invalid_rule", "app.toml:7:9 bad_schedule", "app.toml:14:1 invalid_retry"}},
		"trigger of two":      {with(everything, "app.toml", trigger("topic = {filter='a'}\ncron = {schedule = '@daily'}\n")), []string{"app.toml:4:1 invalid"}},
		"trigger name twice":  {with(everything, "app.toml", trigger("topic = {filter='a'}\n")+trigger("topic = {filter='b'}\n")), []string{"app.toml:6:1 name_taken"}},
		"infinite":            {with(everything, "app.toml", route("path = '/n'\nlocal_only = inf")), []string{"app.toml:1:3 wrong_type"}},
		"still called":        {with(everything, "scripts/answer.lua", "", "modules/answer.lua", "return 1", "app.toml", ""), []string{"app.toml:1:1 missing_file", "modules/answer.lua:1:1 has_dependents"}},
		"circle":              {with(everything, "modules/units.lua", "return require('loop')", "modules/loop.lua", "return require('units')"), []string{"modules/loop.lua:1:1 module_cycle", "modules/units.lua:1:1 module_cycle"}},
		"module becomes none": {with(everything, "modules/units.lua", "", "scripts/units.lua", "return 1", "scripts/answer.lua", "", "app.toml", "name = 'x'"), []string{"scripts/answer.lua:1:1 missing_module"}},
		"no description":      {with(everything, "app.toml", "description = \"a\\u0007\""), []string{"app.toml:1:1 invalid_description"}},
	} {
		t.Run(name, func(t *testing.T) {
			w := request(t, s, "POST", adminPrefix+"apps/default/import", folderJSON(t, c.files), owner)
			wantError(t, w, 422, "import_invalid")
			if diff := cmp.Diff(c.want, problemsOf(t, w.Body.Bytes())); diff != "" {
				t.Errorf("(- want, + got)\n%s%s", diff, w.Body)
			}
		})
	}
	if diff := cmp.Diff(before, s.exportFiles(t, owner)); diff != "" {
		t.Errorf("refused imports changed the app:\n%s", diff)
	}
}

func TestAnImportNamesMissingSecrets(t *testing.T) {
	t.Parallel()
	s, owner := newOwnedServer(t)
	done := s.importFiles(t, owner, "", map[string]string{"app.toml": "secrets = ['LATER']"})
	if diff := cmp.Diff([]string{"LATER"}, done.MissingSecrets); diff != "" {
		t.Error(diff)
	}
}

// A conflict with an app that the caller may not see says only that the path
// is taken.
func TestAnImportHidesForeignRoutes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	user := w.newUser("member")
	w.join(user, "alpha", "app_admin")
	files := folderJSON(t, map[string]string{"app.toml": "[[routes]]\nscript='one'\nmethod='ANY'\npath='/beta'", "scripts/one.lua": "return 1"})
	answer := request(t, w.testServer, "POST", adminPrefix+"apps/alpha/import", files, w.session(user))
	wantError(t, answer, 422, "import_invalid")
	if got := field(t, answer, "error.details.errors.message"); got != "another route answers the same requests; change the path, the method or the host" {
		t.Error(got)
	}
}
