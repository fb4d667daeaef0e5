package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"

	"picloud/store"
)

// Client calls one instance. Token is a session or an API key; without one only
// sign-in works.
type Client struct {
	URL   string // without a path, such as http://pi:8080
	Token string
	// HTTP makes the requests; it must not follow redirects, which would carry
	// the token elsewhere. New sets one.
	HTTP *http.Client
}

// maxAnswer bounds an answer: a whole app with all its sources.
const maxAnswer = 256 << 20

// answerTimeout bounds how long the first byte of an answer may take: a test
// run lasts up to five minutes.
const answerTimeout = 6 * time.Minute

// New returns a client of the instance at url.
func New(url, token string) *Client {
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.ResponseHeaderTimeout = answerTimeout
	return &Client{URL: url, Token: token, HTTP: &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// Error is an answer that says no. Code and Message are the API's.
type Error struct {
	Status  int
	Code    string
	Message string
	Details json.RawMessage
}

// Error returns the API's message.
func (e *Error) Error() string { return e.Message }

// Unreachable is a call that got no answer of PiCloud.
type Unreachable struct {
	URL string
	Err error
}

// Error says which instance could not be reached, and why.
func (e *Unreachable) Error() string {
	cause := e.Err
	var wrapped *url.Error
	if errors.As(cause, &wrapped) {
		cause = wrapped.Err
	}
	return fmt.Sprintf("cannot reach PiCloud at %s: %v", e.URL, cause)
}

// Unwrap returns the cause.
func (e *Unreachable) Unwrap() error { return e.Err }

// path joins the parts of a path below the control plane. Every second one is
// a value, as in path("apps/", app, "/kv/", collection).
func path(parts ...string) string {
	var joined strings.Builder
	joined.WriteString("/api/v1/admin/")
	for i, part := range parts {
		if i%2 == 1 {
			part = url.PathEscape(part)
		}
		joined.WriteString(part)
	}
	return joined.String()
}

// request is one call: the path is below URL, a body that is not nil is sent as
// JSON.
type request struct {
	method, path string
	query        url.Values
	body         any
}

// call makes a request and reads the answer into out, if not nil.
func (c *Client) call(ctx context.Context, r request, out any) error {
	response, err := c.respond(ctx, r)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &Unreachable{c.URL, err}
	}
	if foreign := len(body) > 0 && !json.Valid(body); foreign || out != nil && len(body) == 0 {
		return c.notPiCloud(response)
	}
	if out == nil {
		return nil
	}
	if err := json.Unmarshal(body, out); err != nil {
		return fmt.Errorf("read the answer of %s %s: %w", r.method, r.path, err)
	}
	return nil
}

// respond makes a request and returns the response of one that was done.
func (c *Client) respond(ctx context.Context, r request) (*http.Response, error) {
	made, err := c.request(ctx, r)
	if err != nil {
		return nil, err
	}
	response, err := c.HTTP.Do(made)
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return nil, &Unreachable{c.URL, err}
	}
	if response.StatusCode >= 200 && response.StatusCode < 300 {
		return response, nil
	}
	defer response.Body.Close()
	return nil, c.failure(response)
}

// request writes a request as HTTP has it.
func (c *Client) request(ctx context.Context, r request) (*http.Request, error) {
	var body io.Reader
	if r.body != nil {
		text, err := json.Marshal(r.body)
		if err != nil {
			return nil, fmt.Errorf("encode the request: %w", err)
		}
		body = bytes.NewReader(text)
	}
	target := c.URL + r.path
	if len(r.query) > 0 {
		target += "?" + r.query.Encode()
	}
	made, err := http.NewRequestWithContext(ctx, r.method, target, body)
	if err != nil {
		return nil, fmt.Errorf("make the request: %w", err)
	}
	if r.body != nil {
		made.Header.Set("Content-Type", "application/json")
	}
	if c.Token != "" {
		made.Header.Set("Authorization", "Bearer "+c.Token)
	}
	return made, nil
}

// failure reads the API's error; another server, or a proxy, has none.
func (c *Client) failure(response *http.Response) error {
	var body struct {
		Error struct {
			Code    string          `json:"code"`
			Message string          `json:"message"`
			Details json.RawMessage `json:"details"`
		} `json:"error"`
	}
	text, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer))
	if err != nil {
		return &Unreachable{c.URL, err}
	}
	if place := response.Header.Get("Location"); place != "" {
		return &Unreachable{c.URL, fmt.Errorf("it leads to %s; call that instead", place)}
	}
	if json.Unmarshal(text, &body) != nil || body.Error.Code == "" {
		return c.notPiCloud(response)
	}
	return &Error{response.StatusCode, body.Error.Code, body.Error.Message, body.Error.Details}
}

func (c *Client) notPiCloud(response *http.Response) error {
	return &Unreachable{c.URL, fmt.Errorf("what answers there (%s) is not PiCloud", response.Status)}
}

// list reads a list to its end, or to most items when that is above 0.
func list[T any](ctx context.Context, c *Client, path string, query url.Values, most int) ([]T, error) {
	if query == nil {
		query = url.Values{}
	}
	items := []T{}
	for {
		limit := pageLimit
		if most > 0 {
			limit = min(limit, most-len(items))
		}
		query.Set("limit", fmt.Sprint(limit))
		var page store.Page[T]
		if err := c.call(ctx, request{method: http.MethodGet, path: path, query: query}, &page); err != nil {
			return nil, err
		}
		items = append(items, page.Items...)
		if page.NextCursor == "" || most > 0 && len(items) >= most {
			return items, nil
		}
		query.Set("cursor", page.NextCursor)
	}
}

// pageLimit is the most that a page may have (spec 2).
const pageLimit = 200

// get reads one thing.
func get[T any](ctx context.Context, c *Client, path string) (T, error) {
	var out T
	err := c.call(ctx, request{method: http.MethodGet, path: path}, &out)
	return out, err
}

// send sends a body and reads what it became.
func send[T any](ctx context.Context, c *Client, method, path string, body any) (T, error) {
	var out T
	err := c.call(ctx, request{method: method, path: path, body: body}, &out)
	return out, err
}

// remove deletes one thing.
func (c *Client) remove(ctx context.Context, path string) error {
	return c.call(ctx, request{method: http.MethodDelete, path: path}, nil)
}
