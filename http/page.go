package http

import (
	"errors"
	"fmt"
	"io/fs"
	"mime"
	nethttp "net/http"
	"path"
	"strconv"
	"strings"

	"github.com/labstack/echo/v4"

	"picloud/store"
)

// pageHeaders are those of every answer below /admin (spec 5, "Admin isolation").
var pageHeaders = [][2]string{
	{headerPolicy, "default-src 'self'; script-src 'self'; style-src 'self'; frame-ancestors 'none'; base-uri 'none'; form-action 'self'; object-src 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"X-Frame-Options", "DENY"},
	{"Permissions-Policy", "accelerometer=(), camera=(), display-capture=(), geolocation=(), gyroscope=(), microphone=(), midi=(), payment=(), serial=(), usb=()"},
}

// workerPolicy is that of the page's workers, in place of the page's own: a
// worker is held by the answer that brings its script. The formatter is
// WebAssembly, which so stays refused in the page itself.
const workerPolicy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"

// pageTypes names the types of the page's files; the machine's own table may
// be missing or odd.
var pageTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".css": "text/css; charset=utf-8", ".svg": "image/svg+xml", ".png": "image/png",
	".ico": "image/x-icon", ".woff2": "font/woff2", ".json": "application/json",
	".webmanifest": "application/manifest+json", ".txt": "text/plain; charset=utf-8", ".wasm": "application/wasm",
}

const (
	assetFolder  = "assets/" // files whose names bear a hash of their content
	workerFolder = assetFolder + "worker/"
	indexFile    = "index.html"
)

// redirectToPage leads /admin to /admin/: the page names its files relative to
// itself.
func (s *Server) redirectToPage(c echo.Context) error {
	setPageHeaders(c)
	return c.Redirect(nethttp.StatusFound, "/admin/")
}

// servePage answers GET and HEAD below /admin/: a file of the page, or its
// index for the places that the page itself knows.
func (s *Server) servePage(c echo.Context) error {
	setPageHeaders(c)
	name, err := pageFile(s.page, strings.TrimPrefix(c.Request().URL.Path, "/admin/"))
	if err != nil {
		return err
	}
	header := c.Response().Header()
	if strings.HasPrefix(name, workerFolder) {
		header.Set(headerPolicy, workerPolicy)
	}
	header.Set("Cache-Control", cacheRule(name))
	header.Set("Content-Type", contentType(name))
	header.Add("Vary", "Accept-Encoding")
	file, encoding := encodedFile(s.page, name, c.Request().Header.Values("Accept-Encoding"))
	if encoding != "" {
		header.Set("Content-Encoding", encoding)
	}
	content, err := fs.ReadFile(s.page, file)
	if err != nil {
		return fmt.Errorf("read page file: %w", err)
	}
	return sendFile(c, content)
}

// sendFile sends content whose headers are set. HEAD has the same headers.
func sendFile(c echo.Context, content []byte) error {
	c.Response().Header().Set("Content-Length", strconv.Itoa(len(content)))
	c.Response().WriteHeader(nethttp.StatusOK)
	if c.Request().Method == nethttp.MethodHead {
		return nil
	}
	_, err := c.Response().Write(content)
	return err
}

func setPageHeaders(c echo.Context) {
	header := c.Response().Header()
	for _, field := range pageHeaders {
		header.Set(field[0], field[1])
	}
}

// pageFile returns the file for a path below /admin/. A missing asset is not
// found rather than the index: a browser would take that for a script.
func pageFile(files fs.FS, name string) (string, error) {
	if name == "" || strings.HasSuffix(name, "/") {
		return indexFile, nil
	}
	info, err := fs.Stat(files, name)
	switch {
	case err == nil && !info.IsDir():
		return name, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid):
		return "", fmt.Errorf("find page file: %w", err)
	case strings.HasPrefix(name, assetFolder) || path.Ext(name) != "":
		return "", store.Errorf(store.KindNotFound, "not_found", "the page has no such file")
	default:
		return indexFile, nil
	}
}

// cacheRule keeps hashed files for good and asks again for everything else.
func cacheRule(name string) string {
	if strings.HasPrefix(name, assetFolder) {
		return "public, max-age=31536000, immutable"
	}
	return "no-cache"
}

func contentType(name string) string {
	extension := path.Ext(name)
	if known, ok := pageTypes[extension]; ok {
		return known
	}
	if known := mime.TypeByExtension(extension); known != "" {
		return known
	}
	return echo.MIMEOctetStream
}
