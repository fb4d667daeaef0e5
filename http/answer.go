package http

import (
	"encoding/json"
	"fmt"
	nethttp "net/http"

	"github.com/labstack/echo/v4"
)

// answer sends value as JSON. What the control plane says is never cached and
// never taken for anything but JSON.
func answer(c echo.Context, status int, value any) error {
	body, err := json.Marshal(value)
	if err != nil {
		return fmt.Errorf("encode answer: %w", err)
	}
	header := c.Response().Header()
	header.Set("Cache-Control", "no-store")
	header.Set("X-Content-Type-Options", "nosniff")
	return c.Blob(status, "application/json", append(body, '\n'))
}

func answerNothing(c echo.Context) error {
	c.Response().Header().Set("Cache-Control", "no-store")
	return c.NoContent(nethttp.StatusNoContent)
}
