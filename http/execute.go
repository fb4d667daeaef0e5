package http

import (
	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/runtime"
	"picloud/store"
)

// serveExecute answers /api/v1/execute/{script_id}, any method: it runs that
// script without a route. What a script answers here is always in the sandbox,
// because the origin is the admin page's in both modes.
func (s *Server) serveExecute(c echo.Context) error {
	enterSandbox(c)
	if err := refuseServiceWorker(c.Request()); err != nil {
		return err
	}
	script, err := s.executable(c)
	if err != nil {
		return err
	}
	if !script.Enabled {
		return scriptDisabled()
	}
	path, ok := escapedPath(c.Request())
	if !ok {
		return malformedPath()
	}
	invocation, err := s.invocation(c, script, path)
	if err != nil {
		return err
	}
	invocation.Kind, invocation.CookiePath = runtime.KindExecute, path
	return s.runScript(c, invocation)
}

// executable returns the endpoint that the path names, if the caller may run
// it. Modules and unknown ids are the same to a caller.
func (s *Server) executable(c echo.Context) (*store.Script, error) {
	id, err := uuid.Parse(c.Param("script_id"))
	if err != nil || len(c.Param("script_id")) != len(uuid.Nil.String()) {
		return nil, noSuchScript()
	}
	script := s.routes.current.Load().catalog.Scripts[id]
	if script == nil || script.Kind != store.ScriptEndpoint {
		return nil, noSuchScript()
	}
	if script.Access != store.AccessAuthenticated {
		return script, nil
	}
	caller, err := s.authenticate(c.Request())
	if err != nil {
		return nil, err
	}
	if caller.role, err = s.roleIn(c.Request().Context(), caller, script.AppID); err != nil {
		return nil, err
	}
	if caller.role == "" {
		return nil, noSuchScript()
	}
	if !caller.may(scriptRead) {
		return nil, forbidden()
	}
	return script, nil
}

func noSuchScript() error {
	return store.Errorf(store.KindNotFound, "not_found", "there is no such script")
}
