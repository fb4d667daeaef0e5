package sdk

import (
	"context"
	"encoding/json"
	"errors"
	"mime"
	"slices"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/egress"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// httpCalls are the functions of http.
type httpCalls struct{ client *egress.Client }

// call makes one call and pushes its answer.
func (h httpCalls) call(arguments httpArguments) int {
	call := arguments.read()
	call.request.Caller = caller(call.args)
	response, err := h.wait(call)
	if err != nil {
		call.raise(err)
	}
	call.push(response)
	return 1
}

// wait makes the call, bounded by the script's own deadline.
func (h httpCalls) wait(call httpCall) (response *egress.Response, err error) {
	L := call.args.L
	ctx := runtime.From(L).Context()
	if call.timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, call.timeout)
		defer cancel()
	}
	meter.From(L).Blocking(func() { response, err = h.client.Do(ctx, call.request) })
	return response, err
}

// raise raises why there is no answer: past the script's own deadline, which
// nothing can catch, or else in a category that the script may handle.
func (c *httpCall) raise(err error) {
	expired(c.args)
	var failure *egress.Failure
	if errors.As(err, &failure) && failure.Blocked != nil {
		noteBlocked(c.args, failure)
	}
	c.args.L.RaiseError("%s: %s", c.args.Func, err.Error())
}

// expired ends the run when its deadline has passed while it waited.
func expired(args luax.Args) {
	if runtime.From(args.L).Context().Err() != nil {
		meter.From(args.L).Fail(args.L, meter.CauseTimeout, "time limit exceeded in "+args.Func)
	}
}

// blockedCall is the data of the line that a blocked call leaves: host and port
// are what a grant for the script has to name, if one can help.
type blockedCall struct {
	Category  string `json:"category"`
	Host      string `json:"host"`
	Port      uint16 `json:"port"`
	Grantable bool   `json:"grantable"`
}

func noteBlocked(args luax.Args, failure *egress.Failure) {
	b := failure.Blocked
	data, err := json.Marshal(blockedCall{Category: failure.Category, Host: b.Host, Port: b.Port, Grantable: b.Openable})
	if err != nil {
		runtime.From(args.L).Fault(args.Func, err)
		return
	}
	runtime.From(args.L).Log("warn", args.Func+": "+failure.Error(), data)
}

// push makes the answer's table. The body counts towards the script's memory
// from here on (spec 8, "HTTP out").
func (c *httpCall) push(response *egress.Response) {
	L := c.args.L
	charge := meter.From(L)
	charge.ChargeString(L, len(response.Body))
	body := lua.LString(response.Body)
	answer := L.CreateTable(0, 5)
	L.Push(answer) // seen by the memory walk from here on
	answer.RawSetString("status", lua.LNumber(response.Status))
	answer.RawSetString("headers", c.headers(response))
	answer.RawSetString("body_raw", body)
	answer.RawSetString("url", lua.LString(response.URL))
	answer.RawSetString("body", c.body(response, body))
}

func (c *httpCall) headers(response *egress.Response) *lua.LTable {
	L := c.args.L
	charge := meter.From(L)
	headers := L.CreateTable(0, len(response.Header))
	for _, name := range sortedNames(response.Header) {
		value := strings.Join(response.Header[name], ", ")
		charge.ChargeMemory(L, 64+len(name)+len(value))
		headers.RawSetString(strings.ToLower(name), lua.LString(value))
	}
	return headers
}

func sortedNames(header map[string][]string) []string {
	names := make([]string, 0, len(header))
	for name := range header {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// body is the decoded JSON, or the text of anything else and of JSON that is none.
func (c *httpCall) body(response *egress.Response, text lua.LString) lua.LValue {
	if c.asText || !isJSONType(response.Header.Get("Content-Type")) {
		return text
	}
	meter.From(c.args.L).ChargeMemory(c.args.L, len(response.Body)) // the decoder reads a copy
	value, err := luax.DecodeJSON(c.args.L, []byte(response.Body))
	if err != nil {
		return text
	}
	return value
}

func isJSONType(contentType string) bool {
	media, _, err := mime.ParseMediaType(contentType)
	return err == nil && (media == "application/json" || strings.HasSuffix(media, "+json"))
}
