package sdk

import (
	"net/http"
	"strings"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/egress"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

const (
	defaultRedirects = 5 // spec 3, "Outside world"
	maxRedirects     = 10
)

// httpArguments says where the arguments of one call lie; 0 for those that its
// function does not have.
type httpArguments struct {
	L                                  *lua.LState
	name                               string // "http.get"
	methodAt, urlAt, bodyAt, optionsAt int
}

// httpCall is a call as its arguments describe it.
type httpCall struct {
	args    luax.Args
	request *egress.Request
	timeout time.Duration // 0: what the script has left
	asText  bool          // a JSON answer is not decoded
}

// read checks the arguments. It raises.
func (a httpArguments) read() httpCall {
	args := luax.Args{L: a.L, Func: a.name}
	call := httpCall{args: args, request: &egress.Request{Header: http.Header{}}}
	call.request.Method = a.method(args)
	options := args.Options(a.optionsAt, "options", httpOptions...)
	target, err := egress.ParseURL(args.String(a.urlAt, "url"))
	if err != nil {
		a.L.RaiseError("%s: argument %d (url) %s", a.name, a.urlAt, err.Error())
	}
	call.request.URL = target
	call.readHeaders(options)
	call.readQuery(options)
	call.readBody(a.bodyAt, options)
	call.readLimits(options)
	call.readAuth(options)
	return call
}

func (a httpArguments) method(args luax.Args) string {
	if a.methodAt == 0 {
		return strings.ToUpper(strings.TrimPrefix(a.name, "http."))
	}
	method := strings.ToUpper(args.String(a.methodAt, "method"))
	if err := egress.CheckMethod(method); err != nil {
		a.L.RaiseError("%s: argument %d (method) %s", a.name, a.methodAt, err.Error())
	}
	return method
}

func (c *httpCall) readHeaders(options luax.Options) {
	eachField(c.args, `option "headers"`, options.Table("headers"), func(name, value string) {
		if err := egress.CheckHeader(name, value); err != nil {
			c.args.L.RaiseError("%s: option %q: %q %s", c.args.Func, "headers", name, err.Error())
		}
		c.request.Header.Add(name, value)
	})
	if err := egress.CheckHeaders(c.request.Header); err != nil {
		c.args.L.RaiseError("%s: option %q: %s", c.args.Func, "headers", err.Error())
	}
}

func (c *httpCall) readQuery(options luax.Options) {
	u, more := c.request.URL, encodeQuery(c.args, `option "query"`, options.Table("query"))
	if u.RawQuery != "" && more != "" {
		u.RawQuery += "&"
	}
	u.RawQuery += more
	if err := egress.CheckLength(u); err != nil {
		c.args.L.RaiseError("%s: the URL %s", c.args.Func, err.Error())
	}
}

// readBody takes the body from its argument or from the option form.
func (c *httpCall) readBody(at int, options luax.Options) {
	L := c.args.L
	var body lua.LValue = lua.LNil
	if at > 0 {
		body = L.Get(at)
	}
	if form := options.Table("form"); form != nil {
		if body != lua.LNil {
			L.RaiseError("%s: give either a body or the option %q", c.args.Func, "form")
		}
		c.setBody(encodeQuery(c.args, `option "form"`, form), "application/x-www-form-urlencoded")
		return
	}
	switch body := body.(type) {
	case *lua.LNilType:
	case lua.LString:
		c.setBody(string(body), "text/plain; charset=utf-8")
	case *lua.LTable:
		encoded, err := luax.EncodeJSON(L, nil, body, egress.MaxBodyBytes)
		if err != nil {
			L.RaiseError("%s: argument %d: %s", c.args.Func, at, describe("body", err))
		}
		meter.From(L).ChargeMemory(L, len(encoded))
		c.setBody(string(encoded), "application/json")
	default:
		c.args.Fail(at, "body", "must be a table or a string")
	}
}

func (c *httpCall) setBody(body, contentType string) {
	c.request.Body, c.request.HasBody = body, true
	if c.request.Header.Get("Content-Type") == "" {
		c.request.Header.Set("Content-Type", contentType)
	}
}

func (c *httpCall) readLimits(options luax.Options) {
	longest := meter.From(c.args.L).Limits().StringBytes
	c.request.Redirects = int(c.within(options, "follow_redirects", 0, maxRedirects, defaultRedirects))
	c.request.MaxBytes = min(longest, int(c.within(options, "max_bytes", 1, egress.MaxBodyBytes, egress.MaxBodyBytes)))
	c.timeout = time.Duration(c.within(options, "timeout_ms", 1, 300_000, 0)) * time.Millisecond
	c.asText = !options.Bool("json", true)
}

func (c *httpCall) within(options luax.Options, key string, least, most, otherwise int64) int64 {
	value := options.Int(key, otherwise)
	if options.Has(key) && (value < least || value > most) {
		c.args.L.RaiseError("%s: option %q must be a whole number from %d to %d", c.args.Func, key, least, most)
	}
	return value
}

func (c *httpCall) readAuth(options luax.Options) {
	if !options.Has("auth") {
		return
	}
	auth := options.Options("auth", "user", "password", "digest")
	credentials := egress.Credentials{User: auth.String("user", ""), Password: auth.String("password", ""), Digest: auth.Bool("digest", false)}
	if !auth.Has("password") || credentials.User == "" || strings.ContainsAny(credentials.User+credentials.Password, "\r\n\x00") {
		c.args.L.RaiseError("%s: option %q needs user and password (\"\" for none), without line breaks", c.args.Func, "auth")
	}
	if strings.Contains(credentials.User, ":") && !credentials.Digest {
		c.args.L.RaiseError("%s: option %q: a user with a colon cannot be sent as basic authentication", c.args.Func, "auth")
	}
	c.request.Credentials = &credentials
}

// caller is the script as the client knows it, with the grants of this moment.
func caller(args luax.Args) egress.Caller {
	run := runtime.From(args.L)
	who := egress.Caller{App: run.App().String(), Script: run.Script().ID.String(), Hops: run.Hops()}
	for _, grant := range run.Store().Catalog().Grants[run.Script().ID] {
		opening, err := egress.NewOpening(grant.Host, grant.Port)
		if err != nil {
			run.Fault(args.Func, err)
			continue
		}
		who.Openings = append(who.Openings, opening)
	}
	return who
}
