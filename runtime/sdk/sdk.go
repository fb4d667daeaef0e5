package sdk

import (
	"picloud/runtime"
	"picloud/runtime/egress"
)

// Outside is how scripts reach the world outside the instance.
type Outside struct {
	Client *egress.Client
	Mailer *egress.Mailer // nil: no mail server is configured
}

// Modules lists the SDK's modules, for runtime.Config, as an instance without
// settings has them: the home network is shut, and there is no mail server.
func Modules() []runtime.Module { return ModulesWith(Outside{Client: egress.New(egress.Config{})}) }

// ModulesWith is Modules with another way to the world outside.
func ModulesWith(outside Outside) []runtime.Module {
	documents := documentType()
	return []runtime.Module{
		base64Module(),
		cryptoModule(),
		emailModule(outside.Mailer),
		hexModule(),
		httpModule(outside.Client),
		jsonModule(),
		kvModule(documents),
		docsModule(documents),
		logModule(),
		topicsModule(),
		deadLettersModule(),
		randomModule(),
		regexModule(),
		secretsModule(),
		timeModule(),
		urlModule(),
		webhookModule(),
	}
}

// optionsDoc describes a table of options and the keys that it may have.
func optionsDoc(doc string, keys ...runtime.ParamDoc) runtime.ParamDoc {
	return runtime.ParamDoc{Name: "options", Type: "table", Optional: true, Doc: doc, Fields: keys}
}

// optionDoc describes a key that may be left out.
func optionDoc(name, kind, doc string) runtime.ParamDoc {
	return runtime.ParamDoc{Name: name, Type: kind, Doc: doc, Optional: true}
}

// ReservedNames are the names that no module of an app may have: those of the
// SDK's modules, present and planned (spec 3), and of Lua's own tables. A module
// saved under one today would be hidden by a later version.
func ReservedNames() []string {
	return []string{
		"base64", "coroutine", "crypto", "ctx", "dead_letters", "docs", "email", "hex", "http", "json", "kv", "log", "math", "os",
		"random", "regex", "secrets", "string", "table", "time", "topics", "url", "webhook",
	}
}
