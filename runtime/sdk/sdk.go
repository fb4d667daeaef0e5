package sdk

import "picloud/runtime"

// Modules lists the SDK's modules, for runtime.Config.
func Modules() []runtime.Module {
	documents := documentType()
	return []runtime.Module{
		base64Module(),
		cryptoModule(),
		hexModule(),
		jsonModule(),
		kvModule(documents),
		docsModule(documents),
		logModule(),
		topicsModule(),
		deadLettersModule(),
		randomModule(),
		regexModule(),
		timeModule(),
		urlModule(),
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
