package http

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/hex"
	nethttp "net/http"
	"time"

	"github.com/labstack/echo/v4"
)

// openAPI describes every route. openapi_test.go makes it from the tables in
// routes.go and fails when it is stale; go test ./http -run OpenAPIDocument -update
// makes it anew.
//
//go:embed openapi.json
var openAPI []byte

// showOpenAPI answers GET /api/v1/openapi.json.
func (s *Server) showOpenAPI(c echo.Context) error {
	sum := sha256.Sum256(openAPI)
	header := c.Response().Header()
	header.Set("Content-Type", "application/json")
	header.Set("Cache-Control", "no-cache") // ask again, and learn from the tag that nothing changed
	header.Set("ETag", `"`+hex.EncodeToString(sum[:8])+`"`)
	header.Set("X-Content-Type-Options", "nosniff")
	nethttp.ServeContent(c.Response(), c.Request(), "", time.Time{}, bytes.NewReader(openAPI))
	return nil
}
