package store

import (
	"context"
	"errors"
	"slices"

	"github.com/google/uuid"
)

// AppImport is an app as it shall be, checked by the caller as the drafts in it
// are. Scripts and triggers are known by their names, routes by method, host
// and path.
type AppImport struct {
	Name, Description *string // nil leaves it as it is
	Scripts           []ImportedScript
	Routes            []ImportedRoute
	Triggers          []ImportedTrigger
	Prune             bool // delete what the app has and this has not
	DryRun            bool // find out, and change nothing
	By                User // signs the versions; new triggers run as this user
	Conflict          RouteConflict
}

// ImportedScript is a script of an import.
type ImportedScript struct {
	ScriptDraft
	Enabled bool
}

// ImportedRoute is a route of an import, and the name of its script.
type ImportedRoute struct {
	RouteDraft
	Script string
}

// ImportedTrigger is a trigger of an import, and the name of its script. The
// draft's ids are those of the app, the script and AppImport.By.
type ImportedTrigger struct {
	TriggerDraft
	Script string
}

// What an import does to a thing.
const (
	ImportCreate = "create"
	ImportChange = "change"
	ImportDelete = "delete"
)

// PlannedChange is one thing that an import makes, changes or deletes.
type PlannedChange struct {
	Action string   `json:"action"` // create, change or delete
	Kind   string   `json:"kind"`   // app, script, route or trigger
	Name   string   `json:"name"`   // a route's method, host and path
	Fields []string `json:"fields"` // what a change changes
}

// ImportProblem is a reason why an import is refused: Kind and Index say which
// of its scripts, routes or triggers it is about. Index is -1 for a thing of
// the app that the import has not; its name is in Name.
type ImportProblem struct {
	Kind  string
	Index int
	Name  string
	Err   *Error
}

// ImportApp makes an app what in says, in one transaction: all of it, or, when
// there are problems, nothing. A dry run does the same and takes it back, so
// that it finds the same problems. What is as it shall be stays untouched.
func (s *Store) ImportApp(ctx context.Context, id uuid.UUID, in *AppImport) ([]PlannedChange, []ImportProblem, error) {
	done, err := write(ctx, s, !in.DryRun, func(t *transaction) (*importer, error) {
		i := &importer{transaction: t, store: s, in: in}
		if err := i.run(id); err != nil {
			return nil, err
		}
		if in.DryRun || len(i.problems) > 0 {
			return nil, &untouched{i}
		}
		return i, nil
	})
	var back *untouched
	switch {
	case errors.As(err, &back):
		done = back.importer
	case err != nil:
		return nil, nil, err
	}
	if len(done.problems) > 0 {
		return nil, done.problems, nil
	}
	return done.changes, nil, nil
}

// untouched takes an import back that was a dry run, or has problems.
type untouched struct{ importer *importer }

// Error says what a log would show, though no log ever does.
func (u *untouched) Error() string { return "the import is taken back" }

// importer is one import under way. Everything is written first and checked
// then, in its final state: what a folder has needs no order.
type importer struct {
	*transaction
	store    *Store
	in       *AppImport
	there    AppContents
	scripts  map[string]*Script // of the app after the import, by name
	checked  map[uuid.UUID]int  // routes that were written, and their index
	changes  []PlannedChange
	problems []ImportProblem
}

func (i *importer) run(id uuid.UUID) (err error) {
	if i.there, err = appContents(i.transaction, id); err != nil {
		return err
	}
	steps := []func() error{i.changeApp, i.prune, i.writeScripts, i.writeRoutes, i.writeTriggers, i.pruneScripts, i.checkScripts, i.checkRoutes}
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	if len(i.changes) > 0 {
		i.changedCatalog = true
		i.touch(i.there.App.target())
		i.transaction.details = nil
		i.detail("changes", len(i.changes))
	}
	return nil
}

func (i *importer) planned(action, kind, name string, fields ...string) {
	i.changes = append(i.changes, PlannedChange{Action: action, Kind: kind, Name: name, Fields: append([]string{}, fields...)})
}

// refused notes err when it says what is wrong with a thing, and returns it
// when it is a failure of the import itself.
func (i *importer) refused(kind string, index int, name string, err error) error {
	var failure *Error
	if err == nil {
		return nil
	}
	if !errors.As(err, &failure) || failure.Kind != KindInvalid && failure.Kind != KindConflict && failure.Kind != KindNotFound {
		return err
	}
	i.problems = append(i.problems, ImportProblem{Kind: kind, Index: index, Name: name, Err: failure})
	return nil
}

func (i *importer) changeApp() error {
	changed := i.there.App
	set(&changed.Name, i.in.Name)
	set(&changed.Description, i.in.Description)
	fields := differences(
		differing("name", changed.Name != i.there.App.Name),
		differing("description", changed.Description != i.there.App.Description))
	if len(fields) == 0 {
		return nil
	}
	if err := checkApp(changed); err != nil {
		return i.refused("app", 0, changed.Slug, err)
	}
	i.planned(ImportChange, "app", changed.Slug, fields...)
	_, err := i.exec(updateApp, changed.Slug, changed.Name, changed.Description, changed.ID)
	return err
}

// differing is the name of a field that differs, and "" otherwise.
func differing(name string, differs bool) string {
	if differs {
		return name
	}
	return ""
}

func differences(fields ...string) []string {
	return slices.DeleteFunc(fields, func(name string) bool { return name == "" })
}

// prune deletes the triggers and routes that the import has not.
func (i *importer) prune() error {
	if !i.in.Prune {
		return nil
	}
	for _, each := range i.there.Triggers {
		if !slices.ContainsFunc(i.in.Triggers, func(in ImportedTrigger) bool { return in.Name == each.Name }) {
			if err := i.drop("triggers", each.target()); err != nil {
				return err
			}
		}
	}
	kept := i.matchRoutes()
	for _, each := range i.there.Routes {
		if _, ok := kept[each.ID]; !ok {
			if err := i.drop("routes", each.target()); err != nil {
				return err
			}
		}
	}
	return nil
}

// pruneScripts deletes the scripts that the import has not, when nothing leads
// to them any more: a route or trigger would go with its script. Scripts may
// still require one; the checks that follow find that out.
func (i *importer) pruneScripts() error {
	if !i.in.Prune {
		return nil
	}
	for _, each := range i.there.Scripts {
		if !slices.ContainsFunc(i.in.Scripts, func(in ImportedScript) bool { return in.Name == each.Name }) {
			if err := i.drop("scripts", each.target()); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *importer) drop(table string, target Target) error {
	i.planned(ImportDelete, target.Kind, target.Name)
	_, err := i.exec("DELETE FROM "+table+" WHERE id = ?", *target.ID)
	return err
}
