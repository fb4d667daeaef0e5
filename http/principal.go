package http

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"picloud/store"
)

// principal is who a call is done as, and how far that reaches into the app
// that the call is about.
type principal struct {
	User    store.User
	Session store.Session // of the call; zero when it shows an API key
	Key     *store.APIKey // nil when it shows a session
	cookie  bool          // the session came in the cookie

	app  *store.App    // what the call is about; nil outside apps
	role store.AppRole // the user's role in it
}

// asOwner reports whether an owner calls, signed in: what nobody else may do
// to owners (spec 8, "Access").
func (p principal) asOwner() bool { return p.User.Role == store.RoleOwner && p.Key == nil }

// everywhere reports whether the user has a role in every app.
func (p principal) everywhere() bool { return p.User.Role.Level() >= store.RoleAdmin.Level() }

// reaches reports whether the credential may be used in an app at all.
func (p principal) reaches(app uuid.UUID) bool {
	return p.Key == nil || p.Key.App == nil || *p.Key.App == app
}

// roleIn returns the role that a principal has in an app, read afresh; ""
// says that it may not even see the app.
func (s *Server) roleIn(ctx context.Context, p principal, app uuid.UUID) (store.AppRole, error) {
	if !p.reaches(app) {
		return "", nil
	}
	if p.everywhere() {
		return store.AppAdmin, nil
	}
	role, err := s.store.AppRole(ctx, p.User.ID, app)
	if err != nil {
		return "", fmt.Errorf("find role in app: %w", err)
	}
	return role, nil
}

// rolesOf returns roleIn for any number of apps.
func (s *Server) rolesOf(ctx context.Context, p principal) (func(app uuid.UUID) store.AppRole, error) {
	own := map[uuid.UUID]store.AppRole{}
	if !p.everywhere() {
		var err error
		if own, err = s.store.AppRoles(ctx, p.User.ID); err != nil {
			return nil, fmt.Errorf("find roles in apps: %w", err)
		}
	}
	return func(app uuid.UUID) store.AppRole {
		switch {
		case !p.reaches(app):
			return ""
		case p.everywhere():
			return store.AppAdmin
		default:
			return own[app]
		}
	}, nil
}

// highestRole returns the most that a principal may be in any app.
func (s *Server) highestRole(ctx context.Context, p principal) (store.AppRole, error) {
	if p.Key != nil && p.Key.App != nil {
		return s.roleIn(ctx, p, *p.Key.App)
	}
	if p.everywhere() {
		return store.AppAdmin, nil
	}
	own, err := s.store.AppRoles(ctx, p.User.ID)
	if err != nil {
		return "", fmt.Errorf("find roles in apps: %w", err)
	}
	var highest store.AppRole
	for _, role := range own {
		if role.Level() > highest.Level() {
			highest = role
		}
	}
	return highest, nil
}

// sees reports whether a principal may see an app.
func (s *Server) sees(ctx context.Context, p principal, app uuid.UUID) (bool, error) {
	role, err := s.roleIn(ctx, p, app)
	return role != "", err
}
