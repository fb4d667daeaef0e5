package runtime

// contextDoc describes ctx (spec 3, "ctx").
func contextDoc() ParamDoc {
	return ParamDoc{
		Name: "ctx", Type: "table", Doc: "What a script is told about its run. It is read-only; the values of body, payload, value and data belong to the script.",
		Fields: []ParamDoc{
			{Name: "execution_id", Type: "string", Doc: "The id of this run, as in the execution log."},
			{Name: "request_id", Type: "string", Doc: "The id of the request, as in the X-Request-Id header of the answer."},
			{Name: "script_id", Type: "string", Doc: "The id of the script."},
			{Name: "script_name", Type: "string", Doc: "The name of the script."},
			{Name: "app", Type: "string", Doc: "The slug of the script's app."},
			{Name: "sdk_version", Type: "string", Doc: "The version of what scripts see, major.minor."},
			{Name: "invocation_type", Type: "string", Doc: `"http" for a route, "execute" for a call by id, "trigger" for an event, "test" for a test run.`},
			{Name: "deadline_ms", Type: "number", Doc: "Milliseconds that are left of the run's time."},
			{Name: "request", Type: "table", Doc: "The request; its fields are always there and empty where they do not apply.", Fields: requestDocs()},
			{Name: "event", Type: "table", Optional: true, Doc: "The event of a run that a trigger started, else nil.", Fields: eventDocs()},
		},
	}
}

func requestDocs() []ParamDoc {
	return []ParamDoc{
		{Name: "method", Type: "string", Doc: "Such as \"GET\"."},
		{Name: "path", Type: "string", Doc: "The path as it was sent, escapes included."},
		{Name: "raw_target", Type: "string", Doc: "The exact target, with the query."},
		{Name: "host", Type: "string", Doc: "The host that the caller named."},
		{Name: "scheme", Type: "string", Doc: `"http" or "https".`},
		{Name: "remote_ip", Type: "string", Doc: "The caller's address; behind a configured proxy, the one that it reports."},
		{Name: "headers", Type: "table<string, string>", Doc: "Values by name in lower case; those of a repeated header are joined with \", \"."},
		{Name: "cookies", Type: "table<string, string>", Doc: "Values by name."},
		{Name: "query", Type: "table<string, string>", Doc: "Decoded values by name; the last of a repeated name."},
		{Name: "query_all", Type: "table<string, string[]>", Doc: "Lists of all decoded values by name."},
		{Name: "params", Type: "table<string, string>", Doc: "What the :names of the route's pattern matched."},
		{Name: "rest", Type: "string", Doc: "What the /* of the route's pattern matched, without a leading slash."},
		{Name: "body", Type: "any", Doc: "The parsed JSON, the fields of a form, {fields, files} of multipart, or the text; \"\" for anything else."},
		{Name: "body_raw", Type: "string", Doc: "The exact bytes of the body."},
		{Name: "is_json", Type: "boolean", Doc: "Whether body was read as JSON."},
	}
}

func eventDocs() []ParamDoc {
	optional := func(name, kind, doc string) ParamDoc {
		return ParamDoc{Name: name, Type: kind, Doc: doc, Optional: true}
	}
	return []ParamDoc{
		{Name: "id", Type: "string", Doc: "The event's id, the same at each attempt."},
		{Name: "kind", Type: "string", Doc: `"cron", "kv", "docs", "topic" or "dead_letter".`},
		{Name: "app", Type: "string", Doc: "The slug of the app."},
		{Name: "occurred_at", Type: "string", Doc: "When it happened, RFC 3339."},
		{Name: "attempt", Type: "integer", Doc: "1 at the first attempt."},
		{Name: "max_attempts", Type: "integer", Doc: "After so many failed attempts the event becomes a dead letter."},
		optional("trigger_id", "string", "The id of the trigger."),
		optional("trigger_name", "string", "Its name."),
		{Name: "depth", Type: "integer", Doc: "How many events in a row caused this one."},
		optional("test", "boolean", "true when it was fired by hand."),
		optional("schedule", "string", "cron: the schedule."),
		optional("timezone", "string", "cron: its time zone."),
		optional("scheduled_at", "string", "cron: the time that was due, RFC 3339."),
		optional("missed", "integer", "cron: how many firings it stands for besides its own."),
		optional("collection", "string", "kv and docs: the collection."),
		optional("key", "string", "kv: the key."),
		optional("document_id", "string", "docs: the document's id."),
		optional("op", "string", `kv and docs: "insert", "update" or "delete".`),
		optional("value", "any", "kv: the value after the change."),
		optional("prev_value", "any", "kv: the value before it."),
		optional("data", "any", "docs: the document after the change."),
		optional("prev_data", "any", "docs: the document before it."),
		optional("topic", "string", "topic: the topic."),
		optional("payload", "any", "topic: what was published."),
		optional("dead_letter_id", "string", "dead_letter: its id."),
		optional("error", "string", "dead_letter: the last error."),
		optional("attempts", "any", "dead_letter: what each attempt met."),
		optional("original", "table", "dead_letter: the event that failed."),
	}
}
