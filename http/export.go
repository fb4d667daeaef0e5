package http

import (
	"cmp"
	"fmt"
	nethttp "net/http"
	"slices"

	"github.com/google/uuid"
	"github.com/labstack/echo/v4"

	"picloud/http/folder"
	"picloud/runtime/lint"
	"picloud/store"
)

// folderBody is an app as files, by their slash-separated names.
type folderBody struct {
	Files map[string]string `json:"files" jsonschema:"required" example:"{\"scripts/hello.lua\":\"return 1\"}"` // contents by path: app.toml, scripts/NAME.lua, modules/NAME.lua
}

// exportAnswer is the answer of GET apps/{app}/export.
type exportAnswer folderBody

// exportApp answers GET apps/{app}/export: the app as the files of a folder.
func (s *Server) exportApp(c echo.Context, by principal) error {
	contents, err := s.store.AppContents(c.Request().Context(), by.app.ID)
	if err != nil {
		return fmt.Errorf("export app: %w", err)
	}
	files, err := folder.Write(exported(&contents))
	if err != nil {
		return fmt.Errorf("export app: %w", err)
	}
	return answer(c, nethttp.StatusOK, exportAnswer{Files: files})
}

// exported is an app without ids, dates and whatever else belongs to this one
// instance. Grants are not in it: they say what the network of this house is.
func exported(contents *store.AppContents) *folder.App {
	app := &folder.App{Slug: contents.App.Slug, Name: contents.App.Name, Description: contents.App.Description,
		Secrets: usedSecrets(contents),
		Scripts: map[string]folder.ScriptSettings{}, Modules: map[string]folder.ScriptSettings{},
		ScriptSources: map[string]string{}, ModuleSources: map[string]string{}}
	names := make(map[uuid.UUID]string, len(contents.Scripts))
	for _, script := range contents.Scripts {
		names[script.ID] = script.Name
		settings, sources := app.Scripts, app.ScriptSources
		if script.Kind == store.ScriptModule {
			settings, sources = app.Modules, app.ModuleSources
		}
		sources[script.Name] = script.Source
		if set := exportedScript(script); set != (folder.ScriptSettings{}) {
			settings[script.Name] = set
		}
	}
	for _, route := range contents.Routes {
		app.Routes = append(app.Routes, exportedRoute(route, names[route.ScriptID]))
	}
	slices.SortFunc(app.Routes, func(a, b folder.RouteSettings) int {
		return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Method, b.Method))
	})
	for _, trigger := range contents.Triggers {
		app.Triggers = append(app.Triggers, exportedTrigger(trigger, names[trigger.ScriptID]))
	}
	slices.SortFunc(app.Triggers, func(a, b folder.TriggerSettings) int { return cmp.Compare(a.Name, b.Name) })
	return app
}

// usedSecrets are the secrets that guards and scripts name, in order.
func usedSecrets(contents *store.AppContents) []string {
	var names []string
	for _, route := range contents.Routes {
		if route.Verify != nil {
			names = append(names, route.Verify.Secret)
		}
	}
	for _, script := range contents.Scripts {
		for _, mention := range lint.Mentions(script.Name, script.Source, "secrets.get") {
			names = append(names, mention.Text)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func exportedScript(script *store.Script) folder.ScriptSettings {
	settings := folder.ScriptSettings{Description: script.Description, TimeoutMS: script.TimeoutMS, Enabled: unlessTrue(script.Enabled)}
	if script.Access != store.AccessOpen {
		settings.Access = string(script.Access)
	}
	if script.Limits != (store.Limits{}) {
		limits := folder.LimitsSettings(script.Limits)
		settings.Limits = &limits
	}
	return settings
}

// unlessTrue is a switch that is on when it is left out.
func unlessTrue(on bool) *bool {
	if on {
		return nil
	}
	return &on
}

func exportedRoute(route *store.Route, script string) folder.RouteSettings {
	settings := folder.RouteSettings{Script: script, Method: route.Method, Host: route.Host, Path: route.Path, LocalOnly: route.LocalOnly}
	if route.DispatchMode != dispatchSync {
		settings.DispatchMode = route.DispatchMode
	}
	if route.Verify != nil {
		verify := folder.VerifySettings(*route.Verify)
		settings.Verify = &verify
	}
	if route.Dedupe != nil {
		dedupe := folder.DedupeSettings(*route.Dedupe)
		settings.Dedupe = &dedupe
	}
	if route.RateLimit != nil {
		limit := folder.RateLimitSettings(*route.RateLimit)
		settings.RateLimit = &limit
	}
	return settings
}

func exportedTrigger(trigger *store.Trigger, script string) folder.TriggerSettings {
	settings := folder.TriggerSettings{Name: trigger.Name, Script: script, Ordered: trigger.Ordered, Enabled: unlessTrue(trigger.Enabled)}
	switch {
	case trigger.Cron != nil:
		settings.Cron = &folder.CronSettings{Schedule: trigger.Cron.Schedule, Timezone: trigger.Cron.Timezone}
	case trigger.KV != nil:
		rule := folder.DataSettings(*trigger.KV)
		settings.KV = &rule
	case trigger.Docs != nil:
		rule := folder.DataSettings(*trigger.Docs)
		settings.Docs = &rule
	case trigger.Topic != nil:
		settings.Topic = &folder.TopicSettings{Filter: trigger.Topic.Filter}
	case trigger.DeadLetter != nil:
		settings.DeadLetter = &folder.DeadLetterSettings{Kinds: trigger.DeadLetter.Kinds}
	}
	if trigger.Retry != store.DefaultRetry() {
		retry := folder.RetrySettings(trigger.Retry)
		settings.Retry = &retry
	}
	return settings
}
