package http

import (
	"picloud/http/folder"
	"picloud/store"
)

// scriptSettings are a script's fields in app.toml.
type scriptSettings struct {
	Description string       `json:"description"`
	Access      store.Access `json:"access"`
	Enabled     *bool        `json:"enabled"`
	TimeoutMS   *int64       `json:"timeout_ms"`
	Limits      limitsBody   `json:"limits"`
}

// decodeEntry reads an entry of app.toml as a body of the API is read.
func decodeEntry(entry folder.Entry, target any) error {
	text, err := entry.JSON()
	if err != nil {
		return store.Errorf(store.KindInvalid, "wrong_type", "a field has a value that JSON has not, such as inf")
	}
	return decodeStrict(text, "", target)
}

// script checks one script. Source that the app has already is not compiled.
func (k *folderCheck) script(file *folder.Script) {
	var settings scriptSettings
	if err := decodeEntry(file.Settings, &settings); err != nil {
		k.report(file.Settings, "", err)
	}
	draft := store.ScriptDraft{Name: file.Name, Description: settings.Description, Source: file.Source, Kind: store.ScriptEndpoint,
		Access: settings.Access, TimeoutMS: settings.TimeoutMS, Limits: store.Limits(settings.Limits)}
	if file.Module {
		draft.Kind = store.ScriptModule
	}
	if draft.Access == "" {
		draft.Access = store.AccessOpen
	}
	if err := checkWords(nil, &draft.Access); err != nil {
		k.report(file.Settings, "access", err)
		draft.Access = store.AccessOpen
	}
	if err := k.server.engine.CheckLimits(draft.TimeoutMS, draft.Limits); err != nil {
		k.report(file.Settings, "limits", err)
	}
	var err error
	if same := k.stored[file.Name]; same != nil && same.Source == file.Source {
		draft.Imports = same.Imports
	} else if draft.Imports, err = k.server.engine.Check(file.Name, file.Source); err != nil {
		k.reportSource(file, syntaxFailure(err))
	}
	k.in.Scripts = append(k.in.Scripts, store.ImportedScript{ScriptDraft: draft, Enabled: settings.Enabled == nil || *settings.Enabled})
}

func (k *folderCheck) reportSource(file *folder.Script, err error) {
	failure := asFailure(err)
	at := folder.Place{File: file.File, Line: 1, Column: 1}
	if line, ok := failure.Details["line"].(int); ok {
		at.Line = line
	}
	if column, ok := failure.Details["column"].(int); ok {
		at.Column = column
	}
	k.problems = append(k.problems, at.At(failure.Code, "%s", failure.Message))
}

// scriptOf takes the name of the script out of a route or trigger.
func (k *folderCheck) scriptOf(entry folder.Entry) (string, bool) {
	name, ok := entry.Take("script")
	if !ok || name == "" {
		k.report(entry, "script", invalidField("script", "script is the name of one of the app's scripts"))
		return "", false
	}
	return name, true
}

// route checks one route; one with a mistake is left out of the import.
func (k *folderCheck) route(entry folder.Entry) {
	script, named := k.scriptOf(entry)
	var body routeDraft
	err := decodeEntry(entry, &body)
	var draft store.RouteDraft
	if err == nil {
		draft, err = checkedRoute(body)
	}
	if err != nil {
		k.report(entry, "", err)
	}
	if err != nil || !named {
		return
	}
	k.in.Routes = append(k.in.Routes, store.ImportedRoute{RouteDraft: draft, Script: script})
	k.routes = append(k.routes, entry)
}

// triggerSettings are a trigger's fields in app.toml; the object that it has
// says its kind.
type triggerSettings struct {
	Name       string          `json:"name"`
	Enabled    *bool           `json:"enabled"`
	Retry      *retryBody      `json:"retry"`
	Ordered    bool            `json:"ordered"`
	Cron       *cronBody       `json:"cron"`
	KV         *kvBody         `json:"kv"`
	Docs       *docsBody       `json:"docs"`
	Topic      *topicBody      `json:"topic"`
	DeadLetter *deadLetterBody `json:"dead_letter"`
}

func (t *triggerSettings) rule() ruleBody {
	return ruleBody{Cron: t.Cron, KV: t.KV, Docs: t.Docs, Topic: t.Topic, DeadLetter: t.DeadLetter}
}

// kind is the first kind of which the rule has an object; checkedRules refuses
// a second one.
func (b ruleBody) kind() (store.TriggerKind, error) {
	switch {
	case b.Cron != nil:
		return store.TriggerCron, nil
	case b.KV != nil:
		return store.TriggerKV, nil
	case b.Docs != nil:
		return store.TriggerDocs, nil
	case b.Topic != nil:
		return store.TriggerTopic, nil
	case b.DeadLetter != nil:
		return store.TriggerDeadLetter, nil
	}
	return "", store.Errorf(store.KindInvalid, "invalid_rule", "a trigger has one of cron, kv, docs, topic and dead_letter, which says what starts it")
}

// trigger checks one trigger; one with a mistake is left out of the import.
func (k *folderCheck) trigger(entry folder.Entry) {
	script, named := k.scriptOf(entry)
	draft, err := k.triggerDraft(entry)
	if err != nil {
		k.report(entry, "", err)
	}
	if err != nil || !named {
		return
	}
	k.in.Triggers = append(k.in.Triggers, store.ImportedTrigger{TriggerDraft: draft, Script: script})
	k.triggers = append(k.triggers, entry)
}

func (k *folderCheck) triggerDraft(entry folder.Entry) (store.TriggerDraft, error) {
	var body triggerSettings
	if err := decodeEntry(entry, &body); err != nil {
		return store.TriggerDraft{}, err
	}
	kind, err := body.rule().kind()
	if err != nil {
		return store.TriggerDraft{}, err
	}
	rules, err := k.server.checkedRules(kind, body.rule())
	return store.TriggerDraft{Kind: kind, Name: body.Name, Enabled: body.Enabled == nil || *body.Enabled, Ordered: body.Ordered,
		Retry: body.Retry.over(store.DefaultRetry()),
		Cron:  rules.Cron, KV: rules.KV, Docs: rules.Docs, Topic: rules.Topic, DeadLetter: rules.DeadLetter}, err
}
