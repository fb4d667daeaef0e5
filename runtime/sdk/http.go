package sdk

import (
	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/egress"
)

// httpOptions are the keys of the options of every call.
var httpOptions = []string{"headers", "query", "form", "timeout_ms", "follow_redirects", "max_bytes", "json", "auth"}

var (
	urlParam     = runtime.ParamDoc{Name: "url", Type: "string", Doc: "http or https, with a name or an address; no user name in it."}
	bodyParam    = runtime.ParamDoc{Name: "body", Type: "any", Optional: true, Doc: "A table is sent as JSON, a string as it is (text/plain unless a header says otherwise)."}
	optionsParam = optionsDoc("How to make the call.",
		optionDoc("headers", "table<string, string>", "Names and values."),
		optionDoc("query", "table", "Names and values to add to the URL's query; a list is repeated."),
		optionDoc("form", "table", "Names and values to send as a form in place of a body."),
		optionDoc("timeout_ms", "integer", "Less than the script has left."),
		optionDoc("follow_redirects", "integer", "0 to 10; 5 when left out."),
		optionDoc("max_bytes", "integer", "The longest answer, at most 10 MiB."),
		optionDoc("json", "boolean", "false leaves a JSON answer as text."),
		runtime.ParamDoc{Name: "auth", Type: "table", Optional: true, Doc: "A sign-in for the server; basic unless digest is true.", Fields: []runtime.ParamDoc{
			{Name: "user", Type: "string", Doc: "The user's name."},
			{Name: "password", Type: "string", Doc: "The password."},
			optionDoc("digest", "boolean", "true answers the server's challenge (RFC 7616), as Shelly devices ask for."),
		}},
	)
	httpReturns = []runtime.ReturnDoc{{Type: "table", Doc: "status (a number), headers (names in lower case, repeated ones joined with \", \"), " +
		"body (a table when it is JSON, else the text), body_raw (the exact bytes) and url (after redirects). A status such as 404 is an answer, not an error."}}
	httpErrors = []string{
		"an argument or an option is not as described, or a key is unknown",
		"no answer came: the text says timeout, dns, tls, refused, unreachable, closed, protocol, redirect or too_large",
		"the destination is not open: blocked:private, blocked:loopback, blocked:link_local, blocked:port and the like; the log's line says what a grant would open",
		"it is called inside kv.transaction",
	}
)

// httpModule makes calls through the guarded client.
func httpModule(client *egress.Client) runtime.Module {
	h := httpCalls{client}
	return runtime.Module{
		Name: "http",
		Doc: "Calls other servers: the internet, and in the home network what a grant or PICLOUD_HTTP_ALLOW opens. A call counts against the script's time, " +
			"follows five redirects, and gives up after 5 seconds without a connection.",
		Funcs: []runtime.Func{
			h.withoutBody("get", "Gets a resource.", `local ok, answer = pcall(http.get, "http://192.168.1.31/rpc/Switch.GetStatus", { query = { id = 0 } })
if not ok then return { error = answer } end
return answer.body.output`),
			h.withoutBody("delete", "Deletes a resource.", `local ok, answer = pcall(http.delete, "http://192.168.1.20/api/rules/7")
return ok and answer.status`),
			h.withoutBody("head", "Asks for the headers of a resource alone.", `local ok, answer = pcall(http.head, "http://192.168.1.20/firmware.bin")
return ok and answer.headers["content-length"]`),
			h.withBody("post", "Sends a body to a resource.", `local ok, answer = pcall(http.post, "http://192.168.1.31/rpc", { id = 1, method = "Switch.Toggle", params = { id = 0 } },
  { auth = { user = "admin", password = "secret", digest = true } })
return ok and answer.status`),
			h.withBody("put", "Replaces a resource.", `local ok, answer = pcall(http.put, "http://192.168.1.20/api/lights/1/state", { on = true })
return ok and answer.status`),
			h.withBody("patch", "Changes a part of a resource.", `local ok, answer = pcall(http.patch, "http://192.168.1.20/api/lights/1", { name = "hall" }, { timeout_ms = 2000 })
return ok and answer.status`),
			{
				Name: "request", Doc: "Makes a call with any method.",
				Params:  []runtime.ParamDoc{{Name: "method", Type: "string", Doc: "Such as OPTIONS or REPORT; not CONNECT or TRACE."}, urlParam, bodyParam, optionsParam},
				Returns: httpReturns,
				Errors:  httpErrors,
				Example: `local ok, answer = pcall(http.request, "POST", "http://192.168.1.20/login", nil, { form = { name = "pi" } })
return ok and answer.status`,
				Counted: true, Effect: true,
				Call: func(L *lua.LState) int {
					return h.call(httpArguments{L: L, name: "http.request", methodAt: 1, urlAt: 2, bodyAt: 3, optionsAt: 4})
				},
			},
		},
	}
}

func (h httpCalls) withoutBody(name, doc, example string) runtime.Func {
	return runtime.Func{
		Name: name, Doc: doc, Params: []runtime.ParamDoc{urlParam, optionsParam}, Returns: httpReturns, Errors: httpErrors, Example: example,
		Counted: true, Effect: true,
		Call: func(L *lua.LState) int {
			return h.call(httpArguments{L: L, name: "http." + name, urlAt: 1, optionsAt: 2})
		},
	}
}

func (h httpCalls) withBody(name, doc, example string) runtime.Func {
	return runtime.Func{
		Name: name, Doc: doc, Params: []runtime.ParamDoc{urlParam, bodyParam, optionsParam}, Returns: httpReturns, Errors: httpErrors, Example: example,
		Counted: true, Effect: true,
		Call: func(L *lua.LState) int {
			return h.call(httpArguments{L: L, name: "http." + name, urlAt: 1, bodyAt: 2, optionsAt: 3})
		},
	}
}
