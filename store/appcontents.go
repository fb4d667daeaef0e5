package store

import (
	"context"

	"github.com/google/uuid"
)

// AppContents is what an app is made of: all but its data, its secrets' values
// and those who may use it.
type AppContents struct {
	App      App
	Scripts  []*Script // with their source, by name
	Routes   []*Route  // oldest first
	Triggers []*Trigger
}

// AppContents reads an app in one snapshot.
func (s *Store) AppContents(ctx context.Context, id uuid.UUID) (AppContents, error) {
	return readValue(ctx, s, func(t *transaction) (AppContents, error) { return appContents(t, id) })
}

func appContents(t *transaction, id uuid.UUID) (contents AppContents, err error) {
	if contents.App, err = app(t, id); err != nil {
		return contents, err
	}
	if contents.Scripts, err = collect(t, scanScript, selectScripts+" WHERE app_id = ? ORDER BY name", id); err != nil {
		return contents, err
	}
	for _, each := range contents.Scripts {
		if each.Source, err = scriptSource(t, each.ID, each.Version); err != nil {
			return contents, err
		}
	}
	if contents.Routes, err = collect(t, scanRoute, selectRoutes+" WHERE app_id = ? ORDER BY id", id); err != nil {
		return contents, err
	}
	contents.Triggers, err = collect(t, scanTrigger, selectTriggers+" WHERE t.app_id = ? ORDER BY t.id", id)
	return contents, err
}
