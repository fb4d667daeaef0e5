package sdk

import (
	"errors"
	"time"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
	"picloud/runtime/signature"
)

// Bounds of webhook.once.
const (
	maxWebhookID      = 1024
	defaultWebhookTTL = 24 * 60 * 60
	maxWebhookTTL     = 30 * defaultWebhookTTL
)

// verifyOptions are the keys of webhook.verify's options, which are those of a
// route's verify.
var verifyOptions = []string{
	"provider", "secret", "tolerance", "header", "in", "algorithm", "prefix", "encoding", "template", "timestamp_header", "id_header",
}

func webhookModule() runtime.Module {
	return runtime.Module{
		Name: "webhook",
		Doc: "Checks who sent a webhook, and that it came for the first time. A route's own guard does the same before the script " +
			"runs; use these where the script itself must decide.",
		Funcs: []runtime.Func{verifyFunc(), onceFunc()},
	}
}

func verifyFunc() runtime.Func {
	return runtime.Func{
		Name: "verify",
		Doc: "Checks the signature of ctx.request over its exact bytes, and its time where the scheme signs one. While the " +
			"clock is not synchronised a time is not judged, and the log says so.",
		Params: []runtime.ParamDoc{{Name: "options", Type: "table", Doc: "How the sender signs.", Fields: []runtime.ParamDoc{
			{Name: "provider", Type: "string", Doc: "github, stripe, slack, shopify, telegram, standard, hmac, token or basic."},
			{Name: "secret", Type: "string", Doc: "The value that sender and receiver share, such as secrets.get(\"GITHUB\")."},
			optionDoc("tolerance", "integer", "Seconds that the signed time may be off, 300 when left out."),
			optionDoc("header", "string", "Where the signature stands, if not where the provider usually puts it."),
			optionDoc("in", "string", "For token: header:NAME, query:NAME or form:NAME."),
			optionDoc("algorithm", "string", "For hmac: sha256, sha1 or sha512."),
			optionDoc("prefix", "string", "For hmac: what stands before the signature."),
			optionDoc("encoding", "string", "For hmac: hex or base64."),
			optionDoc("template", "string", "For hmac: what is signed, with {body}, {timestamp} and {id}."),
			optionDoc("timestamp_header", "string", "For hmac: where {timestamp} stands."),
			optionDoc("id_header", "string", "For hmac: where {id} stands."),
		}}},
		Returns: []runtime.ReturnDoc{
			{Type: "boolean", Doc: "Whether the sender holds the secret."},
			{Type: "string", Doc: "If not, the reason."},
		},
		Errors: []string{
			"options is missing, has an unknown key, or lacks provider or secret",
			"an option is wrong, or means nothing for the provider: the error names it",
			"the run was not started by a request",
		},
		Example: `local ok, reason = webhook.verify({ provider = "github", secret = secrets.get("GITHUB_SECRET") })
if not ok then
  return { statusCode = 401, body = reason }
end
return "pushed"`,
		Call: verifyWebhook,
	}
}

func onceFunc() runtime.Func {
	return runtime.Func{
		Name: "once",
		Doc: "Remembers an id, for the whole app, and says whether it is new: true the first time, false until its time has passed. " +
			"When it returns true the card has it.",
		Params: []runtime.ParamDoc{
			{Name: "id", Type: "string", Doc: "What tells deliveries apart, 1 to 1,024 bytes."},
			{Name: "ttl", Type: "integer", Doc: "Seconds to remember it: 1 to 2,592,000 (30 days), a day if left out.", Optional: true},
		},
		Returns: []runtime.ReturnDoc{{Type: "boolean", Doc: "Whether the app sees the id for the first time."}},
		Errors: []string{
			"id is not a string of 1 to 1,024 bytes, or ttl is not a whole number in range",
			"the id cannot be stored: the disk is full, or PiCloud is stopping",
			"it is called inside kv.transaction",
		},
		Example: `if not webhook.once(ctx.request.headers["x-github-delivery"] or "none") then
  return "seen before"
end
return "new"`,
		Counted: true, Effect: true,
		Call: onceWebhook,
	}
}

func verifyWebhook(L *lua.LState) int {
	args := luax.Args{L: L, Func: "webhook.verify"}
	args.Table(1, "options")
	options := args.Options(1, "options", verifyOptions...)
	for _, needed := range verifyOptions[:2] {
		if options.String(needed, "") == "" {
			L.RaiseError("webhook.verify: option %q is missing", needed)
		}
	}
	scheme, err := signature.Compile(definitionOf(options))
	var wrong *signature.Error
	if errors.As(err, &wrong) {
		L.RaiseError("webhook.verify: option %q: %s", wrong.Field, wrong.Message)
	}
	run := runtime.From(L)
	request, ok := run.Request()
	if !ok {
		L.RaiseError("webhook.verify: this run was not started by a request")
	}
	meter.From(L).Step(L, 100+len(request.Body)/16)
	message := signature.Message{Header: request.Header, Query: request.RawQuery, Body: request.Body}
	result := scheme.Verify(&message, options.String("secret", ""), run.Now().Time())
	if result.Verdict == signature.Stale && !run.ClockSynchronised() {
		run.Log("warn", "webhook.verify: the clock is not synchronised, so the time of the webhook was not judged", nil)
		result = signature.Result{Verdict: signature.Good}
	}
	L.Push(lua.LBool(result.Verdict == signature.Good))
	if result.Verdict == signature.Good {
		return 1
	}
	L.Push(lua.LString(result.Reason))
	return 2
}

func definitionOf(options luax.Options) signature.Definition {
	return signature.Definition{
		Provider: options.String("provider", ""), Tolerance: tolerance(options), Header: options.String("header", ""), In: options.String("in", ""),
		Algorithm: options.String("algorithm", ""), Prefix: options.String("prefix", ""), Encoding: options.String("encoding", ""),
		Template: options.String("template", ""), TimestampHeader: options.String("timestamp_header", ""), IDHeader: options.String("id_header", ""),
	}
}

// tolerance is 0 when none is given; 0 seconds are as wrong as fewer.
func tolerance(options luax.Options) int64 {
	if !options.Has("tolerance") {
		return 0
	}
	given := options.Int("tolerance", 0)
	if given == 0 {
		return -1
	}
	return given
}

func onceWebhook(L *lua.LState) int {
	args := luax.Args{L: L, Func: "webhook.once"}
	id := args.String(1, "id")
	if len(id) < 1 || len(id) > maxWebhookID {
		L.RaiseError("webhook.once: argument 1 (id) must be 1 to %d bytes long", maxWebhookID)
	}
	ttl := int64(defaultWebhookTTL)
	if L.Get(2) != lua.LNil {
		ttl = args.Int(2, "ttl")
	}
	if ttl < 1 || ttl > maxWebhookTTL {
		L.RaiseError("webhook.once: argument 2 (ttl) must be 1 to %d seconds", maxWebhookTTL)
	}
	run := runtime.From(L)
	var first bool
	var err error
	run.AwaitStore(func() {
		first, err = run.Store().FirstWebhook(run.Context(), run.App(), id, time.Duration(ttl)*time.Second)
	})
	if err != nil {
		raise(args, err)
	}
	L.Push(lua.LBool(first))
	return 1
}
