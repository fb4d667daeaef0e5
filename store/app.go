package store

import (
	"context"

	"github.com/google/uuid"
)

// App is a namespace with its own scripts, routes, data and members.
type App struct {
	ID          uuid.UUID `json:"id"`
	Slug        string    `json:"slug"`
	Name        string    `json:"name"`
	Description string    `json:"description"`
	CreatedAt   Time      `json:"created_at"`
	// SandboxLifted is true when pages of the app's scripts share the admin page's
	// origin and can act as any admin who visits them.
	SandboxLifted bool `json:"sandbox_lifted"`
}

// AppDraft is a new app. Slug is 1 to 63 lower-case letters, digits and
// hyphens; an empty Name becomes the slug.
type AppDraft struct{ Slug, Name, Description string }

// AppChange holds what a PATCH changes; nil means unchanged.
type AppChange struct{ Slug, Name, Description *string }

const (
	maxSlugBytes        = 63 // the length of a host name's label
	maxNameBytes        = 128
	maxDescriptionBytes = 4096

	selectApps    = "SELECT id, slug, name, description, created_at, sandbox_lifted FROM apps"
	insertApp     = "INSERT INTO apps (id, slug, name, description, created_at) VALUES (?, ?, ?, ?, ?)"
	updateApp     = "UPDATE apps SET slug = ?, name = ?, description = ? WHERE id = ?"
	updateSandbox = "UPDATE apps SET sandbox_lifted = ? WHERE id = ?"
)

func scanApp(r row) (App, error) {
	return App{
		ID: r.id(0), Slug: r.text(1), Name: r.text(2), Description: r.text(3), CreatedAt: r.time(4), SandboxLifted: r.integer(5) != 0,
	}, nil
}

func checkApp(app App) error {
	valid := len(app.Slug) >= 1 && len(app.Slug) <= maxSlugBytes
	for _, c := range []byte(app.Slug) {
		valid = valid && (c >= 'a' && c <= 'z' || c >= '0' && c <= '9' || c == '-')
	}
	if !valid {
		return Errorf(KindInvalid, "invalid_slug", "a slug is 1 to %d lower-case letters, digits and hyphens", maxSlugBytes)
	}
	if err := checkText("name", app.Name, 1, maxNameBytes); err != nil {
		return err
	}
	return checkText("description", app.Description, 0, maxDescriptionBytes)
}

func slugTaken(err error, slug string) error {
	if isUnique(err) {
		return Errorf(KindConflict, "slug_taken", "the slug %q is taken; choose another", slug)
	}
	return err
}

// CreateApp makes an app; a conflict "slug_taken" when its slug is in use.
func (s *Store) CreateApp(ctx context.Context, draft AppDraft) (App, error) {
	return write(ctx, s, true, func(t *transaction) (App, error) { return s.createApp(t, draft) })
}

func (s *Store) createApp(t *transaction, draft AppDraft) (App, error) {
	app := App{ID: s.newID(), Slug: draft.Slug, Name: draft.Name, Description: draft.Description, CreatedAt: t.at}
	if app.Name == "" {
		app.Name = app.Slug
	}
	if err := checkApp(app); err != nil {
		return App{}, err
	}
	t.touch(app.target())
	t.changedCatalog = true
	_, err := t.exec(insertApp, app.ID, app.Slug, app.Name, app.Description, app.CreatedAt)
	return app, slugTaken(err, app.Slug)
}

// App returns the app of that id.
func (s *Store) App(_ context.Context, id uuid.UUID) (App, error) {
	app, ok := s.Catalog().Apps[id]
	if !ok {
		return App{}, noSuch("app")
	}
	return *app, nil
}

// Apps lists the apps that visible lets through, by slug; nil means all.
func (s *Store) Apps(_ context.Context, visible Visible, page PageRequest) (Page[App], error) {
	all := keep(s.Catalog().appList, func(a *App) bool { return visible.shows(a.ID) })
	return pageOf(s, "apps", page, all, func(a *App) string { return a.Slug })
}

// Visible says which apps a caller may see; nil stands for all.
type Visible func(app uuid.UUID) bool

func (v Visible) shows(app uuid.UUID) bool { return v == nil || v(app) }

// keep returns the items that fit, in a slice of its own.
func keep[T any](all []*T, fits func(*T) bool) []*T {
	var kept []*T
	for _, each := range all {
		if fits(each) {
			kept = append(kept, each)
		}
	}
	return kept
}

// target names the app in the audit.
func (a App) target() Target { return Target{Kind: "app", ID: &a.ID, Name: a.Slug, App: &a.ID} }

func app(t *transaction, id uuid.UUID) (App, error) {
	found, err := collect(t, scanApp, selectApps+" WHERE id = ?", id)
	if err != nil {
		return App{}, err
	}
	if len(found) == 0 {
		return App{}, noSuch("app")
	}
	return *found[0], nil
}

// UpdateApp changes what is set in change.
func (s *Store) UpdateApp(ctx context.Context, id uuid.UUID, change AppChange) (App, error) {
	return write(ctx, s, true, func(t *transaction) (App, error) {
		changed, err := app(t, id)
		if err != nil {
			return App{}, err
		}
		set(&changed.Slug, change.Slug)
		set(&changed.Name, change.Name)
		set(&changed.Description, change.Description)
		if err := checkApp(changed); err != nil {
			return App{}, err
		}
		t.touch(changed.target())
		t.changedCatalog = true
		_, err = t.exec(updateApp, changed.Slug, changed.Name, changed.Description, id)
		return changed, slugTaken(err, changed.Slug)
	})
}

// SetSandbox lifts the sandbox from the pages of an app's scripts, or puts
// them back into it. Whoever calls it has warned the owner.
func (s *Store) SetSandbox(ctx context.Context, id uuid.UUID, lifted bool) (App, error) {
	return write(ctx, s, true, func(t *transaction) (App, error) {
		changed, err := app(t, id)
		if err != nil {
			return App{}, err
		}
		changed.SandboxLifted = lifted
		t.touch(changed.target())
		t.detail("lifted", lifted)
		t.changedCatalog = true
		_, err = t.exec(updateSandbox, lifted, id)
		return changed, err
	})
}

// set changes field when value is given.
func set[T any](field *T, value *T) {
	if value != nil {
		*field = *value
	}
}

// DeleteApp refuses (conflict "app_not_empty", details.scripts says how many)
// unless force, which deletes the app's scripts, routes and data with it.
func (s *Store) DeleteApp(ctx context.Context, id uuid.UUID, force bool) error {
	return s.change(ctx, func(t *transaction) error {
		old, err := app(t, id)
		if err != nil {
			return err
		}
		scripts, err := t.count("SELECT count(*) FROM scripts WHERE app_id = ?", id)
		if err != nil {
			return err
		}
		data, err := t.count(hasCollections, id)
		if err != nil {
			return err
		}
		if (scripts > 0 || data > 0) && !force {
			return &Error{Kind: KindConflict, Code: "app_not_empty", Details: map[string]any{"scripts": scripts},
				Message: "the app still has scripts or data; delete them first, or ask for force"}
		}
		t.touch(old.target())
		t.changedCatalog = true
		forgetData(t, id)
		if err := dropIndexes(t, id); err != nil {
			return err
		}
		_, err = t.exec("DELETE FROM apps WHERE id = ?", id)
		return err
	})
}
