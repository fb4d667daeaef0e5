package http

import (
	"context"
	"fmt"
	nethttp "net/http"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// appView is an app as a caller sees it.
type appView struct {
	store.App
	MyRole store.AppRole `json:"my_role"` // the caller's role in the app
}

// appItem is an app in a list, with the last runs of all its scripts.
type appItem struct {
	appView
	Recent store.RecentRuns `json:"recent"` // the last runs of all its scripts
}

func viewApp(app store.App, role store.AppRole) appView {
	return appView{App: app, MyRole: role}
}

// appDraft is the body of POST apps.
type appDraft struct {
	Slug        string `json:"slug" jsonschema:"required" example:"home"` // the app's name in addresses: 1 to 63 lower-case letters, digits and hyphens
	Name        string `json:"name" example:"Home"`                       // for people, up to 128 bytes; the slug when left out
	Description string `json:"description"`                               // up to 4,096 bytes
}

// appChange is the body of PATCH apps/{app}.
type appChange struct {
	Slug        *string `json:"slug"`
	Name        *string `json:"name" example:"Home"` // for people, 1 to 128 bytes
	Description *string `json:"description"`
}

func (s *Server) listApps(c echo.Context, by principal) error {
	page, err := pageRequest(c)
	if err != nil {
		return err
	}
	ctx := c.Request().Context()
	roleIn, err := s.rolesOf(ctx, by)
	if err != nil {
		return err
	}
	apps, err := s.store.Apps(ctx, func(app uuid.UUID) bool { return roleIn(app) != "" }, page)
	if err != nil {
		return fmt.Errorf("list apps: %w", err)
	}
	recent, err := s.recentOfApps(ctx)
	if err != nil {
		return err
	}
	return answerPage(c, apps, func(app store.App) appItem {
		return appItem{viewApp(app, roleIn(app.ID)), recent[app.ID]}
	})
}

// recentOfApps adds up the last runs of each app's scripts.
func (s *Server) recentOfApps(ctx context.Context) (map[uuid.UUID]store.RecentRuns, error) {
	ofScripts, err := s.store.RecentRuns(ctx)
	if err != nil {
		return nil, err
	}
	ofApps := make(map[uuid.UUID]store.RecentRuns)
	for id, script := range s.store.Catalog().Scripts {
		if runs, ran := ofScripts[id]; ran {
			ofApps[script.AppID] = ofApps[script.AppID].And(runs)
		}
	}
	return ofApps, nil
}

func (s *Server) createApp(c echo.Context, _ principal) error {
	var body appDraft
	if err := bind(c, &body); err != nil {
		return err
	}
	app, err := s.store.CreateApp(c.Request().Context(), store.AppDraft(body))
	if err != nil {
		return fmt.Errorf("create app: %w", err)
	}
	return answer(c, nethttp.StatusCreated, viewApp(app, store.AppAdmin)) // of all apps, as whoever may make one is
}

func (s *Server) showApp(c echo.Context, by principal) error {
	return answer(c, nethttp.StatusOK, viewApp(*by.app, by.role))
}

func (s *Server) changeApp(c echo.Context, by principal) error {
	var body appChange
	if err := bind(c, &body); err != nil {
		return err
	}
	changed, err := s.store.UpdateApp(c.Request().Context(), by.app.ID, store.AppChange(body))
	if err != nil {
		return fmt.Errorf("change app: %w", err)
	}
	return answer(c, nethttp.StatusOK, viewApp(changed, by.role))
}

// deleteApp needs ?force=true when the app holds scripts.
func (s *Server) deleteApp(c echo.Context, by principal) error {
	force, err := queryFlag(c, "force")
	if err != nil {
		return err
	}
	if err := s.store.DeleteApp(c.Request().Context(), by.app.ID, force); err != nil {
		return fmt.Errorf("delete app: %w", err)
	}
	return answerNothing(c)
}
