package http

import (
	"strconv"
	"time"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/store"
)

const maxPageItems = 200 // spec 2: "?limit=" is at most 200

// pathID returns a path parameter that is an id. What is no id names nothing.
func pathID(c echo.Context, name, noun string) (uuid.UUID, error) {
	id, err := uuid.Parse(c.Param(name))
	if err != nil || len(c.Param(name)) != 36 {
		return uuid.UUID{}, notFound(noun)
	}
	return id, nil
}

// fieldID reads an id in a body; nil when the field is absent.
func fieldID(field string, text *string) (*uuid.UUID, error) {
	if text == nil {
		return nil, nil
	}
	id, err := uuid.Parse(*text)
	if err != nil {
		return nil, invalidField(field, "%s is the id of a thing, such as 01890a5d-ac96-774b-bcce-b302099a8057", field)
	}
	return &id, nil
}

// pathApp returns the app of the path parameter "app", which is an id or a slug.
func (s *Server) pathApp(c echo.Context) (*store.App, error) {
	if app := s.appNamed(c.Param("app")); app != nil {
		return app, nil
	}
	return nil, notFound("app")
}

// appNamed returns the app of that id or slug, or nil.
func (s *Server) appNamed(name string) *store.App {
	catalog := s.store.Catalog()
	if id, err := uuid.Parse(name); err == nil && len(name) == len(id.String()) && catalog.Apps[id] != nil {
		return catalog.Apps[id]
	}
	return catalog.AppBySlug(name)
}

// pathScript returns the header of the script that the path parameter "id"
// names, as the catalog has it.
func (s *Server) pathScript(c echo.Context) (*store.Script, error) {
	id, err := pathID(c, "id", "script")
	if err != nil {
		return nil, err
	}
	script := s.store.Catalog().Scripts[id]
	if script == nil {
		return nil, notFound("script")
	}
	return script, nil
}

// pageRequest reads limit and cursor.
func pageRequest(c echo.Context) (store.PageRequest, error) {
	page := store.PageRequest{Cursor: c.QueryParam("cursor")}
	given := c.QueryParam("limit")
	if given == "" {
		return page, nil
	}
	limit, err := strconv.Atoi(given)
	if err != nil || limit < 1 || limit > maxPageItems {
		return page, badParameter("limit", "limit is a whole number from 1 to %d", maxPageItems)
	}
	page.Limit = limit
	return page, nil
}

// queryTime reads an RFC 3339 moment; nil when the parameter is absent.
func queryTime(c echo.Context, name string) (*store.Time, error) {
	given := c.QueryParam(name)
	if given == "" {
		return nil, nil
	}
	at, err := time.Parse(time.RFC3339, given)
	if err != nil {
		return nil, badParameter(name, "%s is a time such as 2006-01-02T15:04:05Z; in a URL a + is written %%2B", name)
	}
	moment := store.TimeOf(at)
	return &moment, nil
}

// queryID reads an id; the zero one when the parameter is absent.
func queryID(c echo.Context, name string) (uuid.UUID, error) {
	given := c.QueryParam(name)
	if given == "" {
		return uuid.Nil, nil
	}
	id, err := uuid.Parse(given)
	if err != nil {
		return uuid.Nil, badParameter(name, "%s is an id such as 01890a5d-ac96-774b-bcce-b302099a8057", name)
	}
	return id, nil
}

// queryFlag reads true or false; false when the parameter is absent.
func queryFlag(c echo.Context, name string) (bool, error) {
	switch c.QueryParam(name) {
	case "true":
		return true, nil
	case "", "false":
		return false, nil
	default:
		return false, badParameter(name, "%s is true or false", name)
	}
}

func badParameter(name, format string, args ...any) error {
	return fieldError(store.KindInvalid, "bad_parameter", name, format, args...)
}

func notFound(noun string) error {
	return store.Errorf(store.KindNotFound, "not_found", "there is no such %s", noun)
}

// answerPage sends a page of a list whose items each show as view makes them.
func answerPage[T, V any](c echo.Context, page store.Page[T], view func(T) V) error {
	shown := store.Page[V]{Items: make([]V, 0, len(page.Items)), NextCursor: page.NextCursor}
	for _, item := range page.Items {
		shown.Items = append(shown.Items, view(item))
	}
	return answer(c, 200, shown)
}

// asIs is the view of an item that shows itself.
func asIs[T any](item T) T { return item }
