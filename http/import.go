package http

import (
	"context"
	"errors"
	"fmt"
	nethttp "net/http"
	"slices"

	"github.com/labstack/echo/v4"

	"picloud/http/folder"
	"picloud/runtime/lint"
	"picloud/store"
)

// maxFolderBody caps a body with a whole app.
const maxFolderBody = maxScriptBody

// importAnswer says what an import did, or would do. MissingSecrets are those
// that the folder names and the app has not.
type importAnswer struct {
	Applied        bool                  `json:"applied"` // false after a dry run
	Changes        []store.PlannedChange `json:"changes"`
	MissingSecrets []string              `json:"missing_secrets"` // those that the files name and the app has not
}

// importApp answers POST apps/{app}/import: it makes the app what the files
// say, all or nothing. With ?dry_run=true it only says what it would do; with
// ?prune=true it deletes what the files have not.
func (s *Server) importApp(c echo.Context, by principal) error {
	dryRun, err := queryFlag(c, "dry_run")
	if err != nil {
		return err
	}
	prune, err := queryFlag(c, "prune")
	if err != nil {
		return err
	}
	var body folderBody
	if err := bindUpTo(c, maxFolderBody, &body); err != nil {
		return err
	}
	check, err := s.checkFolder(c.Request().Context(), by.app, body.Files)
	if err != nil {
		return err
	}
	in := &check.in
	in.Prune, in.By, in.Conflict = prune, by.User, routesConflict
	in.DryRun = dryRun || len(check.problems) > 0 // to find the other problems too
	changes, problems, err := s.store.ImportApp(c.Request().Context(), by.app.ID, in)
	if err != nil {
		return fmt.Errorf("import app: %w", err)
	}
	for _, problem := range problems {
		if err := check.place(problem, s.hideForeign(c, by, problem.Err)); err != nil {
			return err
		}
	}
	if len(check.problems) > 0 {
		return check.failure()
	}
	if changes == nil {
		changes = []store.PlannedChange{}
	}
	return answer(c, nethttp.StatusOK, importAnswer{Applied: !dryRun, Changes: changes, MissingSecrets: s.missingSecrets(by.app, check.read.Secrets)})
}

func (s *Server) missingSecrets(app *store.App, names []string) []string {
	missing := []string{}
	for _, name := range names {
		if !s.store.Catalog().HasSecret(app.ID, name) {
			missing = append(missing, name)
		}
	}
	return missing
}

// folderCheck is an import on its way from files to drafts, with the problems
// found so far.
type folderCheck struct {
	server   *Server
	read     *folder.Folder
	stored   map[string]*store.Script // of the app, by name
	in       store.AppImport
	routes   []folder.Entry // of in.Routes
	triggers []folder.Entry // of in.Triggers
	problems []folder.Problem
}

func (s *Server) checkFolder(ctx context.Context, app *store.App, files map[string]string) (*folderCheck, error) {
	contents, err := s.store.AppContents(ctx, app.ID)
	if err != nil {
		return nil, fmt.Errorf("import app: %w", err)
	}
	check := &folderCheck{server: s, stored: make(map[string]*store.Script, len(contents.Scripts))}
	for _, script := range contents.Scripts {
		check.stored[script.Name] = script
	}
	check.read, check.problems = folder.Read(files)
	check.in.Name, check.in.Description = check.read.Name, check.read.Description
	for i := range check.read.Scripts {
		check.script(&check.read.Scripts[i])
	}
	for _, entry := range check.read.Routes {
		check.route(entry)
	}
	for _, entry := range check.read.Triggers {
		check.trigger(entry)
	}
	return check, nil
}

// report notes what is wrong with an entry of app.toml, at the field that the
// error names, or at another.
func (k *folderCheck) report(entry folder.Entry, otherwise string, err error) {
	failure := asFailure(err)
	field, named := failure.Details["field"].(string)
	if !named {
		field = otherwise
	}
	k.problems = append(k.problems, entry.At(field).At(failure.Code, "%s", failure.Message))
}

// place notes a problem that the store found; err is what of it the caller may
// know. It returns an error that is none of the caller's.
func (k *folderCheck) place(problem store.ImportProblem, err error) error {
	var failure *store.Error
	if !errors.As(err, &failure) {
		return err
	}
	if other, ok := failure.Details["conflicting_route"].(store.Route); ok {
		failure = store.Errorf(failure.Kind, failure.Code, "%s %s%s answers the same requests; change the path, the method or the host", other.Method, other.Host, other.Path)
	}
	switch problem.Kind {
	case "route":
		k.report(k.routes[problem.Index], "path", failure)
	case "trigger":
		k.report(k.triggers[problem.Index], "name", failure)
	case "script":
		k.placeScript(problem, failure)
	default:
		k.problems = append(k.problems, k.read.At(fieldOfCode[failure.Code]).At(failure.Code, "%s", failure.Message))
	}
	return nil
}

// fieldOfCode is the field of an app or script that an error is about which
// names none.
var fieldOfCode = map[string]string{"invalid_name": "name", "invalid_description": "description"}

// placeScript places what is wrong with a script among others: at the require
// that cannot be met, at its settings, or at its first line.
func (k *folderCheck) placeScript(problem store.ImportProblem, failure *store.Error) {
	at := folder.Place{File: scriptFile(problem.Name, k.stored), Line: 1, Column: 1}
	if problem.Index >= 0 {
		script := k.read.Scripts[problem.Index]
		at.File = script.File
		for _, mention := range lint.Mentions(script.Name, script.Source, "require") {
			if mention.Text == failure.Details["module"] {
				at.Line, at.Column = mention.Line, mention.Column
				break
			}
		}
		if field := fieldOfCode[failure.Code]; field != "" && script.Settings.Fields[field] != nil {
			at = script.Settings.At(field)
		}
	}
	k.problems = append(k.problems, at.At(failure.Code, "%s", failure.Message))
}

// scriptFile is where a script that the folder has not would be.
func scriptFile(name string, stored map[string]*store.Script) string {
	if script := stored[name]; script != nil && script.Kind == store.ScriptModule {
		return "modules/" + name + ".lua"
	}
	return "scripts/" + name + ".lua"
}

// failure is the answer to a folder with problems.
func (k *folderCheck) failure() error {
	slices.SortStableFunc(k.problems, folder.Order)
	what := "one problem"
	if len(k.problems) > 1 {
		what = fmt.Sprintf("%d problems", len(k.problems))
	}
	return &store.Error{Kind: store.KindInvalid, Code: "import_invalid", Details: map[string]any{"errors": k.problems},
		Message: "the folder has " + what + "; nothing was changed"}
}
