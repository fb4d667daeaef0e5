package http

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"mime"
	nethttp "net/http"
	"path"
	"slices"
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

	maxPageDepth = 32 // folders below /admin/; each makes the index a little longer
)

// redirectToPage leads /admin, and / where no script has it, to /admin/: the
// page names its files relative to itself.
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
	if depth := strings.Count(strings.TrimPrefix(c.Request().URL.EscapedPath(), "/admin/"), "/"); name == indexFile && depth > 0 {
		return s.sendDeepIndex(c, depth)
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

// sendDeepIndex answers a place below a folder, such as /admin/apps/home. The
// index names its files relative to itself, so that it works behind any prefix
// of a proxy; from there they are that many folders up. It is too short for
// compression to matter.
func (s *Server) sendDeepIndex(c echo.Context, depth int) error {
	if depth > maxPageDepth {
		return noSuchFile()
	}
	content, err := fs.ReadFile(s.page, indexFile)
	if err != nil {
		return fmt.Errorf("read page file: %w", err)
	}
	c.Response().Header().Set("Cache-Control", cacheRule(indexFile))
	c.Response().Header().Set("Content-Type", contentType(indexFile))
	return sendFile(c, bytes.ReplaceAll(content, []byte(`="./`), []byte(`="`+strings.Repeat("../", depth))))
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

// pageFile returns the file for a path below /admin/. What is no file is a place
// that the page itself knows, also one with a dot in it, such as a key's name.
// A missing asset or file beside the index is not found rather than the index:
// a browser would take that for a script or a picture.
func pageFile(files fs.FS, name string) (string, error) {
	if slices.ContainsFunc(strings.Split(name, "/"), func(part string) bool { return part == "." || part == ".." }) {
		return "", noSuchFile()
	}
	info, err := fs.Stat(files, name)
	switch {
	case name != "" && err == nil && !info.IsDir():
		return name, nil
	case err != nil && !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, fs.ErrInvalid):
		return "", fmt.Errorf("find page file: %w", err)
	case strings.HasPrefix(name, assetFolder) || !strings.Contains(name, "/") && path.Ext(name) != "":
		return "", noSuchFile()
	default:
		return indexFile, nil
	}
}

func noSuchFile() error {
	return store.Errorf(store.KindNotFound, "not_found", "the page has no such file")
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
