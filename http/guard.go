package http

import (
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

// subject finds out which app a call is about and what role the caller has in
// it. Every route names its own, so that no handler can forget to look: an app
// that the caller may not see, and whatever is in it, is not found, in the same
// words as what does not exist (spec 8, "Access").
type subject func(s *Server, c echo.Context, by *principal) error

// noApp is the subject of what is outside apps: the instance, the caller, or
// lists that leave out what the caller may not see.
func noApp(*Server, echo.Context, *principal) error { return nil }

// someApp is the subject of calls that read no app: the caller must have the
// role in any one of them.
func someApp(s *Server, c echo.Context, by *principal) (err error) {
	by.role, err = s.highestRole(c.Request().Context(), *by)
	return err
}

// appOfPath: the path names the app, by id or slug.
func appOfPath(s *Server, c echo.Context, by *principal) error {
	app, err := s.pathApp(c)
	if err != nil {
		return err
	}
	return s.enter(c, by, app.ID, "app")
}

// appOfScript: the path names a script.
func appOfScript(s *Server, c echo.Context, by *principal) error {
	script, err := s.pathScript(c)
	if err != nil {
		return err
	}
	return s.enter(c, by, script.AppID, "script")
}

// appOfRoute: the path names a route.
func appOfRoute(s *Server, c echo.Context, by *principal) error {
	id, err := pathID(c, "id", "route")
	if err != nil {
		return err
	}
	route, err := s.store.Route(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.enter(c, by, route.AppID, "route")
}

// appOfGrant: the path names a grant.
func appOfGrant(s *Server, c echo.Context, by *principal) error {
	id, err := pathID(c, "id", "grant")
	if err != nil {
		return err
	}
	grant, err := s.store.Grant(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.enter(c, by, grant.AppID, "grant")
}

// appOfExecution: the path names an execution, perhaps one that has just ended.
func appOfExecution(s *Server, c echo.Context, by *principal) error {
	id, err := pathID(c, "id", "execution")
	if err != nil {
		return err
	}
	s.catchUpLog(c.Request().Context())
	app, err := s.store.ExecutionApp(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.enter(c, by, app, "execution")
}

// appOfTrigger: the path names a trigger.
func appOfTrigger(s *Server, c echo.Context, by *principal) error {
	trigger, err := s.pathTrigger(c)
	if err != nil {
		return err
	}
	return s.enter(c, by, trigger.AppID, "trigger")
}

// appOfDeadLetter: the path names a dead letter.
func appOfDeadLetter(s *Server, c echo.Context, by *principal) error {
	id, err := pathID(c, "id", "dead letter")
	if err != nil {
		return err
	}
	letter, err := s.store.DeadLetter(c.Request().Context(), id)
	if err != nil {
		return err
	}
	return s.enter(c, by, letter.AppID, "dead letter")
}

// enter notes that the call is about an app, which noun is in.
func (s *Server) enter(c echo.Context, by *principal, id uuid.UUID, noun string) error {
	app := s.store.Catalog().Apps[id]
	if app == nil {
		return notFound(noun)
	}
	role, err := s.roleIn(c.Request().Context(), *by, id)
	if err != nil {
		return err
	}
	if role == "" {
		return notFound(noun)
	}
	by.app, by.role = app, role
	return nil
}

// guarded puts in front of a route's handler: who calls, what it is about,
// whether the caller may, and the note that enters a change in the audit.
func (s *Server) guarded(route adminRoute) echo.HandlerFunc {
	return func(c echo.Context) error {
		by, err := s.admit(c, route)
		if err != nil {
			return err
		}
		if route.action != changesNothing {
			s.audit(c, route.action, by)
		}
		return route.handle(c, by)
	}
}

func (s *Server) admit(c echo.Context, route adminRoute) (principal, error) {
	if route.needs == public {
		return principal{}, nil
	}
	by, err := s.authenticate(c.Request())
	if err != nil {
		return by, err
	}
	if err := route.about(s, c, &by); err != nil {
		return by, err
	}
	if !by.may(route.needs) {
		return by, forbidden()
	}
	return by, nil
}

// audit lets the change that a handler makes enter itself in the audit.
func (s *Server) audit(c echo.Context, action string, by principal) {
	r := c.Request()
	c.SetRequest(r.WithContext(store.WithAudit(r.Context(), action, s.actor(c, by))))
}

// actor is who calls, from where, as the audit has it.
func (s *Server) actor(c echo.Context, by principal) store.Actor {
	actor := store.Actor{Username: by.User.Username, Address: s.clientIP(c), RequestID: requestID(c)}
	if by.User.ID != uuid.Nil {
		actor.UserID = &by.User.ID
	}
	if by.Key != nil {
		actor.KeyID = &by.Key.ID
	}
	return actor
}
