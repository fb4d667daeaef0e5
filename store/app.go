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

	selectApps = "SELECT id, slug, name, description, created_at FROM apps"
	insertApp  = "INSERT INTO apps (id, slug, name, description, created_at) VALUES (?, ?, ?, ?, ?)"
	updateApp  = "UPDATE apps SET slug = ?, name = ?, description = ? WHERE id = ?"
)

func scanApp(r row) (App, error) {
	return App{ID: r.id(0), Slug: r.text(1), Name: r.text(2), Description: r.text(3), CreatedAt: r.time(4)}, nil
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

// Apps lists the apps by slug.
func (s *Store) Apps(_ context.Context, page PageRequest) (Page[App], error) {
	return pageOf(s, "apps", page, s.Catalog().appList, func(a *App) string { return a.Slug })
}

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
		t.changedCatalog = true
		_, err = t.exec(updateApp, changed.Slug, changed.Name, changed.Description, id)
		return changed, slugTaken(err, changed.Slug)
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
		t.changedCatalog = true
		forgetData(t, id)
		if err := dropIndexes(t, id); err != nil {
			return err
		}
		n, err := t.exec("DELETE FROM apps WHERE id = ?", id)
		return mustChange(n, err, "app")
	})
}
