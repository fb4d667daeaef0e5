package sdk

import (
	"errors"
	"strconv"

	lua "github.com/yuin/gopher-lua"

	"picloud/runtime"
	"picloud/runtime/egress"
	"picloud/runtime/luax"
	"picloud/runtime/meter"
)

// mailCalls are the functions of email. Without a mailer none is configured.
type mailCalls struct{ mailer *egress.Mailer }

// messageDoc describes a message; more are the fields of one kind.
func messageDoc(more ...runtime.ParamDoc) []runtime.ParamDoc {
	fields := []runtime.ParamDoc{
		{Name: "to", Type: "string|string[]", Doc: `An address such as "Ann <ann@example.com>", or a list; 50 recipients together.`},
		{Name: "subject", Type: "string", Doc: "One line."},
		{Name: "text", Type: "string", Doc: "Plain text in UTF-8."},
		optionDoc("cc", "string|string[]", "Further recipients that all may see."),
		optionDoc("bcc", "string|string[]", "Further recipients that nobody sees."),
		optionDoc("from", "string", "PICLOUD_SMTP_FROM when left out."),
		optionDoc("reply_to", "string", "Where answers go."),
		{Name: "attachments", Type: "table[]", Optional: true, Doc: "At most 20.", Fields: []runtime.ParamDoc{
			{Name: "name", Type: "string", Doc: "A file's name."},
			{Name: "data", Type: "string", Doc: "Any bytes."},
			optionDoc("type", "string", "A media type; from the name when left out."),
		}},
	}
	return []runtime.ParamDoc{{Name: "message", Type: "table", Doc: "What to send.", Fields: append(fields, more...)}}
}

func emailModule(mailer *egress.Mailer) runtime.Module {
	m := mailCalls{mailer}
	result := []runtime.ReturnDoc{{Type: "string", Doc: "The message's id, once the mail server has taken it."}}
	wrong := []string{
		"no mail server is configured: email is not configured (PICLOUD_SMTP_HOST, …)",
		"a field is missing, unknown or of the wrong type; an address is not valid (RFC 5322); a line break in a header's field",
		"the whole message is over PICLOUD_EMAIL_MAX_MESSAGE_BYTES (25 MB)",
		"the mail server did not take it: the text says rejected, sign_in, timeout, dns, tls, refused, unreachable, closed or protocol",
		"the app has sent its messages for this hour (rate_limited; PICLOUD_EMAIL_MAX_PER_HOUR)",
		"it is called inside kv.transaction",
	}
	return runtime.Module{
		Name: "email",
		Doc:  "Sends mail through the server of the settings (PICLOUD_SMTP_HOST and its like).",
		Funcs: []runtime.Func{
			{
				Name: "send", Doc: "Sends a message of plain text.",
				Params:  messageDoc(),
				Returns: result, Errors: wrong,
				Example: `local ok, id = pcall(email.send, { to = "ann@example.com", subject = "Water in the cellar", text = "The sensor reports 3 cm." })
return { sent = ok, why = not ok and id or nil }`,
				Counted: true, Effect: true,
				Call: func(L *lua.LState) int { return m.send(luax.Args{L: L, Func: "email.send"}, false) },
			},
			{
				Name: "send_html", Doc: "Sends a message of text and HTML: mail programs show the one they can.",
				Params:  messageDoc(runtime.ParamDoc{Name: "html", Type: "string", Doc: "A page in UTF-8."}),
				Returns: result, Errors: wrong,
				Example: `local ok, id = pcall(email.send_html, {
  to = { "ann@example.com", "Bob <bob@example.com>" }, subject = "Today", text = "21 degrees", html = "<b>21</b> degrees",
  attachments = { { name = "today.csv", data = "hour,temp\n12,21\n" } },
})
return { sent = ok, why = not ok and id or nil }`,
				Counted: true, Effect: true,
				Call: func(L *lua.LState) int { return m.send(luax.Args{L: L, Func: "email.send_html"}, true) },
			},
		},
	}
}

func (m mailCalls) send(args luax.Args, withHTML bool) int {
	L := args.L
	args.Table(1, "message")
	fields := []string{"to", "subject", "text", "cc", "bcc", "from", "reply_to", "attachments"}
	if withHTML {
		fields = append(fields, "html")
	}
	options := args.Options(1, "message", fields...)
	message := readMessage(args, options)
	if withHTML && message.HTML == "" {
		L.RaiseError("%s: html is missing", args.Func)
	}
	if m.mailer == nil {
		L.RaiseError("%s: email is not configured (PICLOUD_SMTP_HOST, PICLOUD_SMTP_PORT, PICLOUD_SMTP_USER, PICLOUD_SMTP_PASSWORD, PICLOUD_SMTP_TLS, PICLOUD_SMTP_FROM)", args.Func)
	}
	meter.From(L).ChargeMemory(L, encodedBytes(message))
	run := runtime.From(L)
	var id string
	var err error
	meter.From(L).Blocking(func() { id, err = m.mailer.Send(run.Context(), run.App().String(), message) })
	if err != nil {
		expired(args)
		if failure := (*egress.Failure)(nil); errors.As(err, &failure) {
			run.Log("warn", args.Func+": "+failure.Error(), nil)
		}
		L.RaiseError("%s: %s", args.Func, err.Error())
	}
	L.Push(lua.LString(id))
	return 1
}

// encodedBytes is about what the message takes in memory while it is sent:
// parts are encoded as a whole.
func encodedBytes(message *egress.Message) int {
	bytes := len(message.Text) + len(message.HTML)
	for _, each := range message.Attachments {
		bytes += len(each.Data) * 4 / 3
	}
	return bytes
}

func readMessage(args luax.Args, options luax.Options) *egress.Message {
	return &egress.Message{
		From: options.String("from", ""), ReplyTo: options.String("reply_to", ""),
		To: addresses(args, options, "to"), Cc: addresses(args, options, "cc"), Bcc: addresses(args, options, "bcc"),
		Subject: options.String("subject", ""), Text: options.String("text", ""), HTML: options.String("html", ""),
		Attachments: attachments(args, options),
	}
}

// addresses reads a field that is a string or a list of strings.
func addresses(args luax.Args, options luax.Options, key string) []string {
	if one, ok := options.Any(key).(lua.LString); ok {
		return []string{string(one)}
	}
	if _, ok := options.Any(key).(*lua.LTable); options.Has(key) && !ok {
		args.L.RaiseError("%s: %q must be an address or a list of addresses", args.Func, key)
	}
	var all []string
	eachItem(args, strconv.Quote(key), options.Table(key), func(item lua.LValue) {
		address, ok := item.(lua.LString)
		if !ok {
			args.L.RaiseError("%s: %q must be an address or a list of addresses", args.Func, key)
		}
		all = append(all, string(address))
	})
	return all
}

func attachments(args luax.Args, options luax.Options) []egress.Attachment {
	var all []egress.Attachment
	eachItem(args, `"attachments"`, options.Table("attachments"), func(item lua.LValue) {
		file := options.Item("attachments", item, "name", "data", "type")
		if !file.Has("data") {
			args.L.RaiseError("%s: attachments need data", args.Func)
		}
		all = append(all, egress.Attachment{Name: file.String("name", ""), Type: file.String("type", ""), Data: file.String("data", "")})
	})
	return all
}
