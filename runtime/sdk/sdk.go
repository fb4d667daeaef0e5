package sdk

import "picloud/runtime"

// Modules lists the SDK's modules, for runtime.Config.
func Modules() []runtime.Module {
	return []runtime.Module{
		jsonModule(),
		logModule(),
		secretsModule(),
		webhookModule(),
	}
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
