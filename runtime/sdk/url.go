package sdk

import (
	"errors"
	"net"
	"net/url"
	"strconv"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// What a table and what is put into it take, as the memory walk counts them.
const (
	tableBytes = 128
	itemBytes  = 32  // of a list
	fieldBytes = 170 // with a name
)

// partNames are the parts of a URL that url.parse gives and url.build takes.
var partNames = []string{"scheme", "user", "password", "host", "port", "path", "query", "fragment"}

func urlModule() runtime.Module {
	text := []runtime.ParamDoc{{Name: "text", Type: "string", Doc: "Any text."}}
	return runtime.Module{
		Name: "url",
		Doc:  "Addresses: their parts, their query, and text that goes into them.",
		Funcs: []runtime.Func{
			{
				Name:    "encode",
				Doc:     "Returns text so that it can stand anywhere in a URL as one piece: all but A-Z a-z 0-9 - _ . ~ becomes %XX.",
				Params:  text,
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The encoded text."}},
				Errors:  []string{"text is not a string"},
				Example: `return "https://example.com/search/" .. url.encode("warm & cold")`,
				Call:    encodeURL,
			},
			{
				Name:    "decode",
				Doc:     "Returns text with each %XX replaced by its byte. A plus sign stays; in a query, which url.parse reads, it means a space.",
				Params:  text,
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The decoded text."}},
				Errors:  []string{"text is not a string", "a % is not followed by two hexadecimal digits"},
				Example: `return url.decode("warm%20%26%20cold")`,
				Call:    decodeURL,
			},
			{
				Name:   "parse",
				Doc:    "Takes a URL apart. A part that is not there is nil, path and query are always there.",
				Params: []runtime.ParamDoc{{Name: "text", Type: "string", Doc: "A whole URL or the end of one, such as \"/path?a=1\" or \"?a=1\"."}},
				Returns: []runtime.ReturnDoc{{Type: "table", Doc: "The parts, decoded; url.build puts them together again. Of a repeated name in the query the last value wins.",
					Fields: partDocs("table")}},
				Errors:  []string{"text is not a string, or is not a URL: the error says why"},
				Example: `return url.parse("http://pi.local:8080/api?room=hall&unit=%C2%B0C")`,
				Call:    parseURL,
			},
			{
				Name:    "build",
				Doc:     "Returns the URL of its parts, each encoded as its place needs.",
				Params:  []runtime.ParamDoc{{Name: "parts", Type: "table", Doc: "The parts, not encoded.", Fields: partDocs("table|string")}},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The URL."}},
				Errors:  []string{"an unknown part, or one of the wrong type", "a port outside 1 to 65535", "a scheme or host with characters that it cannot have"},
				Example: `return url.build({ scheme = "http", host = "192.168.1.31", path = "/rpc/Switch.Set", query = { id = 0, on = true } })`,
				Call:    buildURL,
			},
			{
				Name:    "query",
				Doc:     "Returns a query or form body: name=value pairs with & between, in the order of the names.",
				Params:  []runtime.ParamDoc{{Name: "fields", Type: "table", Doc: "Values by name: strings, numbers, booleans, or a list of them for a name that is repeated."}},
				Returns: []runtime.ReturnDoc{{Type: "string", Doc: "The text, without a question mark."}},
				Errors:  []string{"fields is not a table", "a name is not a string, or a value has another type"},
				Example: `return url.query({ room = "hall", tag = { "new", "warm" } })`,
				Call:    queryURL,
			},
		},
	}
}

// partDocs describes the parts of a URL; query is the type of the query.
func partDocs(query string) []runtime.ParamDoc {
	return []runtime.ParamDoc{
		optionDoc("scheme", "string", "Such as \"https\"."),
		optionDoc("user", "string", "The name before the host."),
		optionDoc("password", "string", "The password behind that name."),
		optionDoc("host", "string", "A name or an address, without brackets and port."),
		optionDoc("port", "integer", "1 to 65535."),
		optionDoc("path", "string", "With its slashes."),
		optionDoc("query", query, "Values by name, as url.query writes them."),
		optionDoc("fragment", "string", "What follows a #."),
	}
}

func encodeURL(L *lua.LState) int {
	text := luax.Args{L: L, Func: "url.encode"}.String(1, "text")
	meter.From(L).ChargeString(L, escapedLength(text))
	L.Push(lua.LString(escape(text)))
	return 1
}

// escape leaves RFC 3986's unreserved characters alone and nothing else.
func escape(text string) string { return strings.ReplaceAll(url.QueryEscape(text), "+", "%20") }

// escapedLength is how long text can become.
func escapedLength(text string) int { return 3 * len(text) }

func decodeURL(L *lua.LState) int {
	text := luax.Args{L: L, Func: "url.decode"}.String(1, "text")
	meter.From(L).ChargeString(L, len(text))
	decoded, err := url.PathUnescape(text)
	if err != nil {
		L.RaiseError("%s", "url.decode: argument 1 (text) has a % that is not followed by two hexadecimal digits")
	}
	L.Push(lua.LString(decoded))
	return 1
}

func parseURL(L *lua.LState) int {
	text := luax.Args{L: L, Func: "url.parse"}.String(1, "text")
	charge := meter.From(L)
	charge.ChargeString(L, len(text))
	charge.ChargeMemory(L, tableBytes+len(partNames)*fieldBytes+len(text))
	parsed, err := url.Parse(text)
	if err != nil {
		L.RaiseError("url.parse: argument 1 (text) is not a URL (%s)", reasonOf(err))
	}
	parts := L.CreateTable(0, len(partNames))
	password, _ := parsed.User.Password()
	for _, part := range []struct{ name, value string }{
		{"scheme", parsed.Scheme}, {"user", parsed.User.Username()}, {"password", password},
		{"host", parsed.Hostname()}, {"fragment", parsed.Fragment},
	} {
		if part.value != "" {
			parts.RawSetString(part.name, lua.LString(part.value))
		}
	}
	if port, err := strconv.Atoi(parsed.Port()); err == nil {
		parts.RawSetString("port", lua.LNumber(port))
	}
	parts.RawSetString("path", lua.LString(parsed.Path+parsed.Opaque))
	parts.RawSetString("query", queryTable(L, parsed.RawQuery))
	L.Push(parts)
	return 1
}

// reasonOf is what is wrong with a URL, in net/url's words but without the URL.
func reasonOf(err error) string {
	var failure *url.Error
	if errors.As(err, &failure) {
		err = failure.Err
	}
	return strings.TrimPrefix(err.Error(), "net/url: ")
}

func buildURL(L *lua.LState) int {
	args := luax.Args{L: L, Func: "url.build"}
	args.Table(1, "parts")
	parts := args.Options(1, "parts", partNames...)
	built := url.URL{
		Scheme: parts.String("scheme", ""), Host: hostOf(args, parts),
		Path: parts.String("path", ""), Fragment: parts.String("fragment", ""),
	}
	if user := parts.String("user", ""); parts.Has("password") {
		built.User = url.UserPassword(user, parts.String("password", ""))
	} else if user != "" {
		built.User = url.User(user)
	}
	if built.Scheme != "" && !isScheme(built.Scheme) {
		L.RaiseError("url.build: option \"scheme\" must be a letter and then letters, digits, +, - or .")
	}
	if built.Host != "" && built.Path != "" && built.Path[0] != '/' {
		built.Path = "/" + built.Path
	}
	meter.From(L).ChargeString(L, escapedLength(built.Path+built.Fragment+built.User.String()))
	if fields, ok := parts.Any("query").(lua.LString); ok {
		built.RawQuery = string(fields)
	} else if fields := parts.Table("query"); fields != nil {
		built.RawQuery = encodeQuery(args, `option "query"`, fields)
	}
	whole := built.String()
	meter.From(L).ChargeString(L, len(whole))
	L.Push(lua.LString(whole))
	return 1
}

// hostOf is the host with its port, and brackets around an IPv6 address.
func hostOf(args luax.Args, parts luax.Options) string {
	host, port := parts.String("host", ""), parts.Int("port", 0)
	if parts.Has("port") && (port < 1 || port > 65535 || host == "") {
		args.L.RaiseError("url.build: option \"port\" must be from 1 to 65535 and needs a host")
	}
	if strings.ContainsFunc(host, func(r rune) bool { return r <= ' ' || strings.ContainsRune("/?#@[]\\%<>\"", r) }) {
		args.L.RaiseError("url.build: option \"host\" must be a name or an address")
	}
	switch {
	case port != 0:
		return net.JoinHostPort(host, strconv.FormatInt(port, 10))
	case strings.Contains(host, ":"):
		return "[" + host + "]"
	}
	return host
}

func isScheme(text string) bool {
	for i, c := range []byte(text) {
		letter := c|0x20 >= 'a' && c|0x20 <= 'z'
		if !letter && (i == 0 || !(c >= '0' && c <= '9') && c != '+' && c != '-' && c != '.') {
			return false
		}
	}
	return true
}
