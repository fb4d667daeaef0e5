package sdk

import "picloud/runtime"

// Modules lists the SDK's modules, for runtime.Config.
func Modules() []runtime.Module {
	return []runtime.Module{
		jsonModule(),
		logModule(),
	}
}
